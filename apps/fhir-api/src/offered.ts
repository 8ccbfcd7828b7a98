/** The parts of FHIR that a deployment may switch on or off, in one environment. */
export interface Offered {
  /** `Patient/[id]/$everything`. */
  everything: boolean;
  /** Batch Bundles of reads and searches. */
  batch?: boolean;
  /** The directory without a token. */
  openDirectory?: boolean;
  /** The directory as files: `$bulk-publish`. */
  publishedFiles?: boolean;
}

/** Most entries of a batch. */
export const maxBatchEntries = 50;
