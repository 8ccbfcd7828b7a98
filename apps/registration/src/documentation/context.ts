import type { Addresses } from '@payer/smart';
import type { FhirReference } from './fhir-reference.js';

/** What the documents are written from: this deployment's own addresses and what its FHIR API says of itself. */
export interface DocumentContext {
  planName: string;
  addresses: Addresses;
  portalUrl: string;
  contact: string;
  /** Undefined while the FHIR API does not answer. */
  fhir: FhirReference | undefined;
  limits: readonly { what: string; limit: string }[];
}
