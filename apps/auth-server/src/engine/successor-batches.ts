import { randomUUID } from 'node:crypto';
import { Batches, preparedRows, refusedValues, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { tokenUsed } from '../facts/revocation-recovery.js';
import type { TokenUse } from './token-request-state.js';
import { expiryOfUsed, storeOneSuccessor } from './token-rows.js';
import { joinEndedGrant, recordOf, type ArtifactRow } from './unit-of-work/artifact-row.js';

interface Succession {
  environment: Environment;
  use: TokenUse;
  /** SHA-256 of the id of the used token. */
  usedHash: string;
  successor: ArtifactRow;
}

/**
 * One batch runs at a time: two would halve their sizes, and each costs a commit. A batch never waits for a
 * lock. A use that begins later than its app waits would be unknown to the app, and its repetition a reuse:
 * see `isRepeatable`.
 */
const limits = { lanes: 1, largest: 50, longestWait: 5000 };

const batches = new WeakMap<DataSource, Batches<Succession, boolean>>();

/**
 * Stores the use of a code or refresh token together with the refresh token that follows it. Of several
 * requests with one token exactly one stores its successor, and a crash leaves both writes or neither.
 * Requests that arrive together share a statement and its commit.
 * @returns false when the token was used before, or is gone; nothing is then stored
 */
export function storeSuccessor(
  source: DataSource,
  environment: Environment,
  use: TokenUse,
  successor: ArtifactRow,
): Promise<boolean> {
  let batch = batches.get(source);
  if (!batch)
    batches.set(source, (batch = new Batches<Succession, boolean>((all) => storeAll(source, all), limits)));
  return batch.add({ environment, use, usedHash: sha256(use.id), successor });
}

/**
 * Like `storeOneSuccessor` for many tokens. The statement waits for no row lock, so it neither deadlocks with
 * a revocation of many grants nor waits for it with all of its requests. It leaves out locked rows.
 *
 * The locked rows exist, so each insertion of `used` becomes an update. An UPDATE would read the whole table,
 * because PostgreSQL keeps a plan that it made for a small one.
 */
const storeMany = `
  WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS given (
      environment text, used_model text, used_sha256 text, event_id uuid,
      model text, id_sha256 text, payload jsonb, grant_id text, uid text, lifetime float8)
  ), locked AS MATERIALIZED (
    SELECT given.environment, used_model, used_sha256 FROM given CROSS JOIN LATERAL (
      SELECT 1 FROM oidc_artifact
      WHERE environment = given.environment AND oidc_artifact.model = used_model
        AND oidc_artifact.id_sha256 = used_sha256 AND consumed_at IS NULL
      FOR UPDATE SKIP LOCKED) token
  ), used AS (
    INSERT INTO oidc_artifact (environment, model, id_sha256, payload)
    SELECT environment, used_model, used_sha256, '{}' FROM locked
    ON CONFLICT (environment, model, id_sha256)
    DO UPDATE SET consumed_at = now(), expires_at = ${expiryOfUsed('oidc_artifact')}
    RETURNING environment, model, id_sha256, expires_at
  ), followed AS (
    SELECT given.*, used.expires_at FROM used JOIN given ON given.environment = used.environment
      AND given.used_model = used.model AND given.used_sha256 = used.id_sha256
  ), journaled AS (
    INSERT INTO outbox_journal (event_id, event)
    SELECT event_id, jsonb_build_object('id', event_id, 'type', $2::text, 'subject', used_sha256, 'time', $3::text,
      'data', jsonb_build_object(
        'environment', environment, 'model', used_model, 'id_sha256', used_sha256, 'expires_at', expires_at))
    FROM followed
  ), stored AS (
    INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, uid, expires_at)
    SELECT environment, model, id_sha256, payload, grant_id, uid, now() + make_interval(secs => lifetime)
    FROM followed ${joinEndedGrant('followed')} WHERE has_ended IS NULL
    ON CONFLICT (environment, model, id_sha256) DO UPDATE
    SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at
  )
  SELECT environment, model, id_sha256 FROM used`;

/**
 * Stores those that one statement can store, and each of the others by itself: a token of which the batch has
 * two uses, one that is locked, used or gone, and all when PostgreSQL refuses their values.
 */
async function storeAll(
  source: DataSource,
  all: readonly Succession[],
): Promise<(boolean | Promise<boolean>)[]> {
  const alone = ({ environment, use, successor }: Succession) =>
    storeOneSuccessor(source, environment, use, successor);
  const firsts = new Map<string, Succession>();
  for (const one of all) if (!firsts.has(keyOf(one))) firsts.set(keyOf(one), one);
  const stored = await storeTogether(source, [...firsts.values()]).catch((error: unknown) => {
    if (!refusedValues(error)) throw error;
    return new Set<string>();
  });
  return all.map((one) => (firsts.get(keyOf(one)) === one && stored.has(keyOf(one))) || alone(one));
}

/** @returns the keys of the tokens whose use was stored */
async function storeTogether(source: DataSource, all: readonly Succession[]): Promise<Set<string>> {
  const given = all.map(({ environment, use, usedHash, successor }) => ({
    ...recordOf(successor),
    environment,
    used_model: use.model,
    used_sha256: usedHash,
    event_id: randomUUID(),
  }));
  const rows = await preparedRows<{ environment: string; model: string; id_sha256: string }>(
    source,
    'store-successors',
    storeMany,
    [JSON.stringify(given), tokenUsed, new Date().toISOString()],
  );
  return new Set(rows.map((row) => nameOf(row.environment, row.model, row.id_sha256)));
}

const keyOf = ({ environment, use, usedHash }: Succession) => nameOf(environment, use.model, usedHash);

const nameOf = (environment: string, model: string, idHash: string) => `${environment} ${model} ${idHash}`;
