/** An error with the content of its OperationOutcome and its HTTP answer. */
export class FhirError extends Error {
  constructor(
    readonly status: number,
    /** FHIR IssueType. */
    readonly issueCode: string,
    /** The fault, and the allowed values. */
    readonly diagnostics: string,
    /** Name of the parameter at fault. */
    readonly parameter?: string,
    /** Headers of the HTTP answer. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(diagnostics);
  }
}

/** An error about a search parameter with a wrong value or use. */
export function badParameter(name: string, diagnostics: string): FhirError {
  return new FhirError(400, 'invalid', `${name}: ${diagnostics}`, name);
}
