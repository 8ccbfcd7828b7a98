/** An error of the store, from which the caller makes an OperationOutcome. */
export class FhirError extends Error {
  constructor(
    readonly status: number,
    /** FHIR IssueType. */
    readonly issueCode: string,
    /** The fault, and the allowed values. */
    readonly diagnostics: string,
    /** Name of the parameter it is about. */
    readonly parameter?: string,
  ) {
    super(diagnostics);
  }
}

/** A search parameter that cannot be used as it was. */
export function badParameter(name: string, diagnostics: string): FhirError {
  return new FhirError(400, 'invalid', `${name}: ${diagnostics}`, name);
}
