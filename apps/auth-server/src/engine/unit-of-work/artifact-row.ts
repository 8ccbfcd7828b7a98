import type { AdapterPayload } from 'oidc-provider';

/** A row for the table of the engine's artifacts. */
export interface ArtifactRow {
  model: string;
  id: string;
  payload: AdapterPayload;
  grantId: string | null;
  uid: string | null;
  /** Seconds; null for a row that never expires. */
  lifetime: number | null;
}
