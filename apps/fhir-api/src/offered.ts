/** The parts of FHIR that a deployment may switch off. */
export interface Offered {
  /** `Patient/[id]/$everything`. */
  everything: boolean;
}
