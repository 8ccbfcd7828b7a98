import type { Pool, PoolClient } from 'pg';
import { binaryType } from '../definitions/definitions.js';
import { isFollowed } from './follow-labels.js';
import { forgetVersionsOf } from './keep-versions.js';
import { removeMemberReferences } from './member-references.js';
import { deletionOf } from './snapshot.js';
import { durable, storeBatch } from './store-batch.js';
import { validId } from './prepare.js';
import type { Key } from './keys.js';
import { inTurn } from './loader-lock.js';

/** Resources deleted in one transaction. */
const pageSize = 1000;

/**
 * Removes a patient: the resources that are only the patient's, the documents that only they name, the marks
 * of deleted ones, and earlier versions. A resource of several patients stays for the others. It can be
 * stopped and run again.
 * @returns the number of deleted resources
 */
export async function removePatient(pool: Pool, patient: string): Promise<number> {
  // The text of waiting resources is searched for the id by a regular expression.
  if (!validId.test(patient)) return 0;
  const client = await pool.connect();
  const ignore = () => undefined;
  client.on('error', ignore);
  try {
    let deleted = 0;
    // First the documents: the resources that name them are needed to find them.
    for (const next of [ownBinaries, waitingOnes, ownResources])
      for (;;) {
        const keys = await next(client, patient);
        if (keys.length === 0) break;
        await storeBatch(client, deletionOf(keys));
        deleted += keys.length;
      }
    await inTurn(client, () => forgetShared(client, patient));
    await durable(client);
    return deleted;
  } finally {
    client.off('error', ignore);
    client.release();
  }
}

async function keysOf(client: PoolClient, text: string, patient: string): Promise<Key[]> {
  const { rows } = await client.query<Key>(`${text} LIMIT ${pageSize}`, [patient]);
  return rows;
}

/**
 * Whether a text refers to the patient `$1`: relative or absolute, with or without a version, escaped or not.
 */
const namesPatient = (body: string) =>
  `replace(${body}, '\\/', '/') ~ ('[/"]Patient/' || replace($1::text, '.', '\\.') || '["/]')`;

/**
 * Binaries that only the patient may read: by a security context that is the patient's alone, or without one,
 * because no other patient's resource names them. Resources that wait count, too.
 */
const ownBinaries = (client: PoolClient, patient: string): Promise<Key[]> =>
  keysOf(
    client,
    `WITH own_context (name) AS (
       SELECT 'Patient/' || $1::text
       UNION SELECT m.type || '/' || m.id FROM member_resource m
       WHERE m.patient = $1 AND NOT EXISTS (
         SELECT FROM member_resource other WHERE other.type = m.type AND other.id = m.id AND other.patient <> $1)
       UNION SELECT d.type || '/' || d.id FROM deleted_resource d WHERE d.patients = ARRAY[$1::text]
       UNION SELECT u.type || '/' || u.id FROM unresolved_resource u WHERE ${namesPatient('u.body')}
       UNION SELECT w.type || '/' || w.id FROM waiting_resource w WHERE ${namesPatient('w.body')}),
     own_reference (target) AS (
       SELECT r.target FROM member_reference r WHERE r.patient = $1
       UNION SELECT found.parts[1] FROM unresolved_resource u
       CROSS JOIN regexp_matches(replace(u.body, '\\/', '/'), '"(${binaryType}/[A-Za-z0-9.-]{1,64})["/]', 'g') AS found (parts)
       WHERE ${namesPatient('u.body')}
       UNION SELECT unnest(w.refs) FROM waiting_resource w WHERE ${namesPatient('w.body')})
     SELECT '${binaryType}' AS type, b.id FROM binary_resource b
     WHERE b.security_context IN (SELECT name FROM own_context)
       OR b.security_context IS NULL
         AND '${binaryType}/' || b.id IN (SELECT target FROM own_reference)
         AND NOT EXISTS (SELECT FROM member_reference r WHERE r.patient <> $1 AND r.target = '${binaryType}/' || b.id)`,
    patient,
  );

/**
 * Resources that are not served yet: those that name the patient, and those whose owners would be the owners
 * of a resource that is only the patient's.
 */
const waitingOnes = (client: PoolClient, patient: string): Promise<Key[]> =>
  keysOf(
    client,
    `SELECT type, id FROM unresolved_resource WHERE ${namesPatient('body')}
     UNION SELECT w.type, w.id FROM waiting_resource w
     WHERE ${namesPatient('w.body')} OR EXISTS (
       SELECT FROM owner_reference o JOIN member_resource m ON m.type = o.target_type AND m.id = o.target_id
       WHERE o.type = w.type AND o.id = w.id AND m.patient = $1)`,
    patient,
  );

/** Resources of the patient alone. Those that follow others come first, so that none of them is set aside. */
const ownResources = (client: PoolClient, patient: string): Promise<Key[]> =>
  keysOf(
    client,
    `SELECT m.type, m.id FROM member_resource m
     WHERE m.patient = $1 AND NOT EXISTS (
       SELECT FROM member_resource other WHERE other.type = m.type AND other.id = m.id AND other.patient <> $1)
     ORDER BY NOT EXISTS (SELECT FROM owner_reference o WHERE o.type = m.type AND o.id = m.id), m.type = 'Patient', m.type, m.id`,
    patient,
  );

/**
 * Takes the patient's part in resources of several patients, and the marks of deleted resources. A mark with
 * labels that a resource of another patient follows stays, without the patient.
 */
async function forgetShared(client: PoolClient, patient: string): Promise<void> {
  const { rows } = await client.query<{ refs: string[] }>(
    'DELETE FROM member_resource WHERE patient = $1 RETURNING refs',
    [patient],
  );
  await removeMemberReferences(
    client,
    rows.flatMap(({ refs }) => refs.map((target) => [patient, target] as const)),
  );
  await client.query('DELETE FROM member_reference WHERE patient = $1', [patient]);
  await forgetVersionsOf(client, patient);
  await client.query(
    `DELETE FROM deleted_resource d
     WHERE d.patients = ARRAY[$1::text] AND NOT (d.labels IS NOT NULL AND ${isFollowed('d')})`,
    [patient],
  );
  await client.query(
    'UPDATE deleted_resource SET patients = array_remove(patients, $1::text) WHERE $1::text = ANY(patients)',
    [patient],
  );
}
