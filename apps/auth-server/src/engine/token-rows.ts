import { randomUUID } from 'node:crypto';
import { preparedRows, readRows, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { AdapterPayload } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { tokenUsed } from '../facts/revocation-recovery.js';
import { daysAfterEnd } from '../grants/revoke-grant.js';
import type { Member } from '../members/members.js';
import type { TokenUse } from './token-request-state.js';
import type { ArtifactRow } from './unit-of-work/artifact-row.js';

/** Seconds. */
const keptAfterExpiry = daysAfterEnd * 24 * 3600;

/**
 * The lifetime of an artifact's row in seconds; null for a row that never expires. The engine refuses an
 * expired refresh token by its own `exp`. The row stays, so that the refusal can say that the grant has
 * expired.
 */
export const rowLifetime = (model: string, expiresIn: number | undefined): number | null =>
  expiresIn === undefined ? null : expiresIn + (model === 'RefreshToken' ? keptAfterExpiry : 0);

/**
 * The expiry of a row that is marked as used, in SQL. A used code stays until the end of its grant, so that
 * its second use ends the grant at any time (RFC 6749 §4.1.2). It reads the index of the grants.
 * @param row name of the table with the row
 */
export const expiryOfUsed = (row: string) => `CASE ${row}.model WHEN 'AuthorizationCode' THEN coalesce(
      (SELECT held.expires_at FROM oidc_artifact held WHERE held.environment = ${row}.environment
         AND held.grant_id = ${row}.grant_id AND held.model = 'Grant' LIMIT 1), ${row}.expires_at)
    ELSE ${row}.expires_at END`;

/** A code or refresh token with the rows that its request needs next. */
export interface FoundToken {
  payload: AdapterPayload;
  consumed: number | null;
  /** Seconds since the epoch at which the row expires; null for a row that never expires. */
  rowExpiry: number | null;
  grant: { id: string; payload: AdapterPayload } | undefined;
  member: Member | undefined;
}

/** Reads a code or refresh token, its grant and its member in one statement. */
export async function findToken(
  source: DataSource,
  environment: Environment,
  model: string,
  id: string,
): Promise<FoundToken | undefined> {
  const [row] = await readRows<{
    payload: AdapterPayload;
    consumed: number | null;
    row_expiry: number | null;
    grant_id: string | null;
    grant_payload: AdapterPayload | null;
    sub: string | null;
    patient: string | null;
    name: string;
  }>(
    source,
    'find-token',
    `SELECT token.payload, extract(epoch FROM token.consumed_at)::integer AS consumed,
            extract(epoch FROM token.expires_at)::float8 AS row_expiry, token.grant_id, held.payload AS grant_payload, member.sub, member.patient, member.name
     FROM oidc_artifact token
       LEFT JOIN LATERAL (
         SELECT payload FROM oidc_artifact WHERE environment = token.environment AND grant_id = token.grant_id
           AND model = 'Grant' AND expires_at > now() LIMIT 1) held ON true
       LEFT JOIN LATERAL (
         SELECT sub, patient, name FROM member
         WHERE environment = token.environment AND sub = token.payload->>'accountId' LIMIT 1) member ON true
     WHERE token.environment = $1 AND token.model = $2 AND token.id_sha256 = $3 AND token.expires_at > now()`,
    [environment, model, sha256(id)],
  );
  if (!row) return undefined;
  const { payload, consumed, row_expiry, grant_id, grant_payload, sub, patient, name } = row;
  return {
    payload,
    consumed,
    rowExpiry: row_expiry,
    grant: grant_id !== null && grant_payload ? { id: grant_id, payload: grant_payload } : undefined,
    member: sub === null ? undefined : { sub, patient, name },
  };
}

/**
 * Marks a code or refresh token as used, once. The journal records the use, so that a restored database does
 * not accept the token again. `$1` to `$6` are {@link useParameters}.
 */
const use = `
  used AS (
    UPDATE oidc_artifact SET consumed_at = now(), expires_at = ${expiryOfUsed('oidc_artifact')}
    WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND consumed_at IS NULL RETURNING expires_at
  ),
  journaled AS (
    INSERT INTO outbox_journal (event_id, event)
    SELECT $4::uuid, jsonb_build_object('id', $4::uuid, 'type', $5::text, 'subject', $3::text, 'time', $6::text, 'data',
      jsonb_build_object('environment', $1::text, 'model', $2::text, 'id_sha256', $3::text, 'expires_at', expires_at))
    FROM used RETURNING 1
  )`;

const useParameters = (environment: Environment, { model, id }: TokenUse) => [
  environment,
  model,
  sha256(id),
  randomUUID(),
  tokenUsed,
  new Date().toISOString(),
];

/** @returns false when the token was used before, or is gone */
export async function storeUse(
  source: DataSource,
  environment: Environment,
  token: TokenUse,
): Promise<boolean> {
  const rows = await preparedRows(
    source,
    'store-use',
    `WITH ${use} SELECT 1 FROM used`,
    useParameters(environment, token),
  );
  return rows.length > 0;
}

/**
 * Stores an artifact. Stores no artifact of an ended grant, so that a token issued during the revocation is
 * never valid.
 * @param first number of the first parameter: model, id, payload, grant id, uid, lifetime
 */
const insert = (first: number, source: string) => `
  INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, uid, expires_at)
  SELECT $1, $${first}::text, $${first + 1}::text, $${first + 2}::jsonb, $${first + 3}::text, $${first + 4}::text,
         now() + make_interval(secs => $${first + 5})
  ${source} WHERE $${first + 3}::text IS NULL
    OR NOT EXISTS (SELECT 1 FROM ended_grant WHERE ended_grant.grant_id = $${first + 3})
  ON CONFLICT (environment, model, id_sha256) DO UPDATE
  SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`;

const insertParameters = ({ model, id, payload, grantId, uid, lifetime }: ArtifactRow) => [
  model,
  sha256(id),
  JSON.stringify(payload),
  grantId,
  uid,
  lifetime,
];

export async function storeArtifact(
  source: DataSource,
  environment: Environment,
  row: ArtifactRow,
): Promise<void> {
  await preparedRows(source, 'store-artifact', insert(2, ''), [environment, ...insertParameters(row)]);
}

/** See `storeSuccessor`, which stores many of them in one statement. */
export async function storeOneSuccessor(
  source: DataSource,
  environment: Environment,
  token: TokenUse,
  successor: ArtifactRow,
): Promise<boolean> {
  const rows = await preparedRows(
    source,
    'store-successor',
    `WITH ${use}, stored AS (${insert(7, 'FROM used')} RETURNING 1) SELECT 1 FROM used`,
    [...useParameters(environment, token), ...insertParameters(successor)],
  );
  return rows.length > 0;
}
