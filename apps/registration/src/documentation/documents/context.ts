import type { Addresses } from '@payer/smart';
import type { ConformanceRun } from '../../conformance/conformance-run.js';
import type { OperationGroup } from '../../api-reference/operations.js';
import type { FhirReference } from './fhir-reference.js';

/**
 * The sources of the documentation: the addresses of this deployment, and the description that its FHIR API
 * publishes.
 */
export interface DocumentContext {
  planName: string;
  addresses: Addresses;
  portalUrl: string;
  contact: string;
  /** Undefined while the FHIR API does not answer. */
  fhir: FhirReference | undefined;
  /** The portal's JSON API by subject. */
  portalApi: readonly OperationGroup[];
  /** The latest run of the live checks, on the pages that show it. */
  conformance?: { latest: ConformanceRun | undefined; runningSince: string | undefined };
  limits: readonly { what: string; limit: string }[];
}
