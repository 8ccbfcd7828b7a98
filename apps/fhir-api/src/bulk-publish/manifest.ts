import { guideCanonical, servedGuides } from '@payer/smart';

/** A published file of one resource type. */
export interface PublishedPart {
  type: string;
  /** Resources. */
  count: number;
  ndjson: { name: string; bytes: number };
  bundle: { name: string; bytes: number };
}

export interface Manifest {
  transactionTime: string;
  request: string;
  requiresAccessToken: boolean;
  output: { type: string; url: string; count: number; fileSize: number }[];
  [member: string]: unknown;
}

export interface Publication {
  time: Date;
  /** URL of the FHIR base. */
  fhirBaseUrl: string;
  /** URL of the folder, without a trailing slash. */
  filesUrl: string;
  parts: readonly PublishedPart[];
}

/** The request that the manifest answers. */
export const requestOf = (fhirBaseUrl: string): string => `${fhirBaseUrl}/$bulk-publish`;

/**
 * The manifest of `$bulk-publish` (Bulk Data Access, Bulk Publish Manifest). Sizes are of the files before
 * compression. `request` and `error` are for clients of earlier versions, which require them.
 */
export const manifestOf = ({ time, fhirBaseUrl, filesUrl, parts }: Publication): Manifest => ({
  manifestType: 'http://hl7.org/fhir/uv/bulkdata/StructureDefinition/BulkPublishManifest',
  transactionTime: time.toISOString(),
  request: requestOf(fhirBaseUrl),
  requiresAccessToken: false,
  updateCadence: 'P1D',
  outputFormat: 'application/fhir+ndjson',
  output: parts.map(({ type, count, ndjson }) => ({
    type,
    url: `${filesUrl}/${ndjson.name}`,
    count,
    fileSize: ndjson.bytes,
    extension: { format: 'application/fhir+ndjson', compression: 'gzip' },
  })),
  deleted: [],
  error: [],
});

/**
 * The list of the collection Bundles. Medicare Plan Finder reads `provider_urls` and ignores the other
 * members.
 */
export const indexOf = ({ time, fhirBaseUrl, filesUrl, parts }: Publication) => ({
  lastUpdated: time.toISOString(),
  fhirVersion: '4.0.1',
  fhirBaseUrl,
  // The newest version is the last.
  implementationGuide: guideCanonical(servedGuides.findLast(({ id }) => id === 'plan-net')!),
  provider_urls: parts.map(({ bundle }) => `${filesUrl}/${bundle.name}`),
  bundles: parts.map(({ type, count, bundle }) => ({
    resourceType: type,
    url: `${filesUrl}/${bundle.name}`,
    count,
    fileSize: bundle.bytes,
  })),
});
