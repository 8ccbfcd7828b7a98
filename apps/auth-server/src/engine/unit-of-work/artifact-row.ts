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

/**
 * Joins whether the grant of each given row has ended: `has_ended` is then true, and null otherwise. It reads
 * the index of the grants; `NOT EXISTS` beside an `OR` reads all ended grants.
 */
export const joinEndedGrant = (given: string) => `LEFT JOIN LATERAL (
  SELECT true AS has_ended FROM ended_grant WHERE ended_grant.grant_id = ${given}.grant_id LIMIT 1) ended ON true`;

/** The row as a record of `jsonb_to_recordset`. */
export const recordOf = ({ model, id, payload, grantId, uid, lifetime }: ArtifactRow) => ({
  model,
  id_sha256: sha256(id),
  payload,
  grant_id: grantId,
  uid,
  lifetime,
});
