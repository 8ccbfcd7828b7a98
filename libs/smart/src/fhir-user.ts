/**
 * Absolute URL of the person who signed in, readable with the token (OIDC claim `fhirUser`, SMART 2.2
 * §2.0.12): the Patient, or the RelatedPerson as which a representative acts for the patient.
 * @param relatedPerson id of the RelatedPerson; absent for a member's own records
 */
export function fhirUserUrl(fhirBaseUrl: string, patient: string, relatedPerson?: string): string {
  return relatedPerson
    ? `${fhirBaseUrl}/RelatedPerson/${relatedPerson}`
    : `${fhirBaseUrl}/Patient/${patient}`;
}
