/** The parts of FHIR that a deployment may switch on or off, in one environment. */
export interface Offered {
  /** `Patient/[id]/$everything`. */
  everything: boolean;
  /** The directory without a token. */
  openDirectory?: boolean;
  /** The directory as files: `$bulk-publish`. */
  publishedFiles?: boolean;
}
