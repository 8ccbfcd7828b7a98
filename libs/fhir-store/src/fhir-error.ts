/** An error with everything that its OperationOutcome and its HTTP answer say. */
export class FhirError extends Error {
  constructor(
    readonly status: number,
    /** FHIR IssueType. */
    readonly issueCode: string,
    /** The fault, and the allowed values. */
    readonly diagnostics: string,
    /** Name of the parameter it is about. */
    readonly parameter?: string,
    /** Headers of the HTTP answer. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(diagnostics);
  }
}

/** A search parameter that cannot be used as it was. */
export function badParameter(name: string, diagnostics: string): FhirError {
  return new FhirError(400, 'invalid', `${name}: ${diagnostics}`, name);
}
