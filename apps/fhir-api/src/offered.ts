import { isTypeOfGrant, typesWithoutSearch } from '@payer/smart';

/** The parts of FHIR that a deployment may switch on or off, in one environment. */
export interface Offered {
  /** `Patient/[id]/$everything`. */
  everything: boolean;
  /** Batch Bundles of reads and searches. */
  batch?: boolean;
  /** Earlier versions of resources: `vread` of them, and `_history` of a resource. */
  history?: boolean;
  /** The directory without a token. */
  openDirectory?: boolean;
  /** The directory as files: `$bulk-publish`. */
  publishedFiles?: boolean;
}

/** The most entries of a batch. */
export const maxBatchEntries = 50;

/** Whether earlier versions of a type are served where they are kept. */
export const hasHistory = (type: string): boolean =>
  !isTypeOfGrant(type) && !(typesWithoutSearch as readonly string[]).includes(type);
