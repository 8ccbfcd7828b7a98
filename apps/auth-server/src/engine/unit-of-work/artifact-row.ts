import { sha256 } from '@payer/service';
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

/** The row as a record of `jsonb_to_recordset`. */
export const recordOf = ({ model, id, payload, grantId, uid, lifetime }: ArtifactRow) => ({
  model,
  id_sha256: sha256(id),
  payload,
  grant_id: grantId,
  uid,
  lifetime,
});
