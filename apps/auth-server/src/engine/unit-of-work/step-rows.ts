import { preparedRows, readRows, rowsOf, sha256, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { AdapterPayload } from 'oidc-provider';
import { DataSource } from 'typeorm';
import type { Member } from '../../members/members.js';
import { joinEndedGrant, recordOf, type ArtifactRow } from './artifact-row.js';

/** A stored artifact as one step of an interaction reads it. */
export interface StepRow {
  model: string;
  idHash: string;
  uid: string | null;
  payload: AdapterPayload;
}

export interface StepRows {
  rows: StepRow[];
  members: Member[];
}

/** What names the rows of a step: both come from the cookies or the path of its request. */
export interface StepIds {
  /** Id of the interaction. */
  uid?: string | undefined;
  /** Id of the engine's session in this browser. */
  session?: string | undefined;
}

/**
 * The rows that a step of an interaction needs: the interaction with its answer, the session of the browser
 * and that of the interaction, the grant of the interaction's result, and the members that these name.
 */
const find = `
  WITH named AS (
    SELECT model, id_sha256, uid, payload FROM oidc_artifact
    WHERE environment = $1 AND expires_at > now() AND id_sha256 IN ($2, $3) AND (model, id_sha256) IN (
      ('Interaction', $2), ('FinishedInteraction', $2), ('Session', $3))
  ), interaction AS (SELECT payload FROM named WHERE model = 'Interaction'
  ), linked AS (
    SELECT found.model, found.id_sha256, found.uid, found.payload FROM interaction
      JOIN oidc_artifact found ON found.environment = $1 AND found.model = 'Session'
        AND found.uid = interaction.payload #>> '{session,uid}' AND found.expires_at > now()
        AND found.id_sha256 <> $3
    UNION ALL
    SELECT found.model, found.id_sha256, found.uid, found.payload FROM interaction
      JOIN oidc_artifact found ON found.environment = $1 AND found.model = 'Grant'
        AND found.grant_id = interaction.payload #>> '{result,consent,grantId}' AND found.expires_at > now()
  ), rows AS (SELECT * FROM named UNION ALL SELECT * FROM linked)
  SELECT model, id_sha256, uid, payload FROM rows
  UNION ALL
  SELECT 'Member', sub, NULL, jsonb_build_object('sub', sub, 'patient', patient, 'name', name) FROM member
  WHERE environment = $1 AND sub IN (
    SELECT payload ->> 'accountId' FROM rows WHERE model = 'Session'
    UNION SELECT payload #>> '{result,login,accountId}' FROM interaction)`;

/** Reads the rows of a step in one statement. */
export async function readStep(
  source: DataSource,
  environment: Environment,
  { uid = '', session = '' }: StepIds,
): Promise<StepRows> {
  const found = await readRows<{
    model: string;
    id_sha256: string;
    uid: string | null;
    payload: AdapterPayload;
  }>(source, 'find-step', find, [environment, sha256(uid), sha256(session)]);
  const rows: StepRow[] = [];
  const members: Member[] = [];
  for (const { model, id_sha256: idHash, uid: rowUid, payload } of found)
    if (model === 'Member') members.push(payload as unknown as Member);
    else rows.push({ model, idHash, uid: rowUid, payload });
  return { rows, members };
}

/** The writes of a step. */
export interface StepWrites {
  /** `wasRead`: the database had the row at the begin of the step. */
  stored: readonly (ArtifactRow & { wasRead: boolean })[];
  removed: readonly { model: string; id: string }[];
}

/**
 * Writes a step. `$2` are the interactions that it uses up. When another request has used up one of them,
 * nothing is written. The row lock of the first deletion lets the other request wait for its outcome. A late
 * step of a finished interaction does not open it again, and a session that ended during the step stays
 * ended. Stores no artifact of an ended grant, like `storeArtifact`.
 */
const write = `
  WITH finished AS (
    SELECT id_sha256 FROM oidc_artifact
    WHERE environment = $1 AND model = 'FinishedInteraction' AND expires_at > now()
      AND id_sha256 IN (
        SELECT unnest($2::text[]) UNION
        SELECT value ->> 'id_sha256' FROM jsonb_array_elements($5::jsonb) WHERE value ->> 'model' = 'Interaction')
  ), alive AS (
    SELECT id_sha256 FROM oidc_artifact
    WHERE environment = $1 AND model = 'Session' AND id_sha256 IN (
      SELECT value ->> 'id_sha256' FROM jsonb_array_elements($5::jsonb) WHERE value ->> 'model' = 'Session')
    FOR UPDATE
  ), used AS (
    DELETE FROM oidc_artifact
    WHERE environment = $1 AND model = 'Interaction' AND id_sha256 = ANY($2::text[]) RETURNING 1
  ), decided AS (
    SELECT count(*) = cardinality($2::text[])
      AND NOT EXISTS (SELECT 1 FROM finished WHERE id_sha256 = ANY($2::text[])) AS is_first FROM used
  ), removed AS (
    DELETE FROM oidc_artifact
    WHERE environment = $1 AND (model, id_sha256) IN (SELECT * FROM unnest($3::text[], $4::text[]))
      AND (SELECT is_first FROM decided)
  ), stored AS (
    INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, uid, expires_at)
    SELECT $1, given.model, id_sha256, payload, given.grant_id, uid, now() + make_interval(secs => lifetime)
    FROM jsonb_to_recordset($5::jsonb) AS given (
      model text, id_sha256 text, payload jsonb, grant_id text, uid text, lifetime float8, was_read boolean)
      CROSS JOIN decided ${joinEndedGrant('given')}
    WHERE is_first AND has_ended IS NULL
      AND NOT (given.model = 'Session' AND was_read AND id_sha256 NOT IN (SELECT alive.id_sha256 FROM alive))
      AND NOT (given.model = 'Interaction' AND id_sha256 IN (SELECT finished.id_sha256 FROM finished))
    ON CONFLICT (environment, model, id_sha256) DO UPDATE
    SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
        expires_at = excluded.expires_at
  )
  SELECT is_first FROM decided`;

/**
 * Writes a step in one statement.
 * @returns false when another request has used up the interaction; nothing is then written
 */
export async function writeStep(
  db: Queryable,
  environment: Environment,
  { stored, removed }: StepWrites,
): Promise<boolean> {
  const used = removed.filter(({ model }) => model === 'Interaction');
  const others = removed.filter(({ model }) => model !== 'Interaction');
  const values = [
    environment,
    used.map(({ id }) => sha256(id)),
    others.map(({ model }) => model),
    others.map(({ id }) => sha256(id)),
    JSON.stringify(stored.map((row) => ({ ...recordOf(row), was_read: row.wasRead }))),
  ];
  const [row] =
    db instanceof DataSource
      ? await preparedRows<{ is_first: boolean }>(db, 'write-step', write, values)
      : await rowsOf<{ is_first: boolean }>(db, write, values);
  return row!.is_first;
}
