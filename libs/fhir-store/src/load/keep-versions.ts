import type { Pool, PoolClient } from 'pg';
import { columnsOf, type Key } from './keys.js';

/** A stored resource that is about to be replaced or deleted. */
interface Leaving extends Key {
  /** The version that the resource gets, or had last when it is deleted. */
  version: number;
  isDeleted: boolean;
}

const kept = ['member_resource', 'shared_resource'].map((table) => {
  const patients =
    table === 'member_resource'
      ? `ARRAY(SELECT o.patient FROM member_resource o WHERE o.type = r.type AND o.id = r.id ORDER BY o.patient)`
      : `'{}'::text[]`;
  return `SELECT DISTINCT ON (r.type, r.id) r.type, r.id, r.version, r.last_updated, ${patients} AS patients,
      r.labels || r.followed_labels AS labels, r.refs, r.body, leaving.is_deleted
    FROM unnest($1::text[], $2::text[], $3::int[], $4::boolean[]) AS leaving (type, id, version, is_deleted)
    JOIN ${table} r ON r.type = leaving.type AND r.id = leaving.id
    WHERE leaving.is_deleted OR leaving.version <> r.version`;
});

const columns = 'type, id, version, is_deletion, last_updated, patients, labels, refs, body';

/**
 * Keeps the stored versions of resources that are about to be replaced or deleted, and the time of a
 * deletion. A resource that keeps its version (a reindexing), and one that waits for its owner, is left out.
 */
export async function keepVersions(client: PoolClient, leaving: readonly Leaving[]): Promise<void> {
  if (leaving.length === 0) return;
  await client.query(
    `INSERT INTO resource_version (${columns})
     SELECT r.type, r.id, r.version, entry.is_deletion, entry.at, r.patients, r.labels, r.refs, entry.body
     FROM (${kept.join(' UNION ALL ')}) AS r
     CROSS JOIN LATERAL (
       VALUES (false, r.last_updated, r.body), (true, date_trunc('milliseconds', now()), NULL)
     ) AS entry (is_deletion, at, body)
     WHERE r.is_deleted OR NOT entry.is_deletion
     ON CONFLICT (type, id, version, is_deletion) DO UPDATE SET
       last_updated = EXCLUDED.last_updated, kept_at = EXCLUDED.kept_at, patients = EXCLUDED.patients,
       labels = EXCLUDED.labels, refs = EXCLUDED.refs, body = EXCLUDED.body`,
    [...columnsOf(leaving), leaving.map(({ version }) => version), leaving.map(({ isDeleted }) => isDeleted)],
  );
}

/** Removes a patient from the kept versions. A version of several patients stays for the others. */
export async function forgetVersionsOf(client: PoolClient, patient: string): Promise<void> {
  const ofPatient = 'patients @> ARRAY[$1::text]';
  await client.query(`DELETE FROM resource_version WHERE ${ofPatient} AND cardinality(patients) = 1`, [
    patient,
  ]);
  await client.query(
    `UPDATE resource_version SET patients = array_remove(patients, $1::text) WHERE ${ofPatient}`,
    [patient],
  );
}

/** Rows deleted in one statement. */
const pageSize = 5000;

/**
 * Deletes the kept versions that were replaced before a time, and the deletions before it. Current resources
 * stay.
 * @returns the number of deleted versions
 */
export async function dropVersions(pool: Pool, before: Date): Promise<number> {
  let dropped = 0;
  for (;;) {
    const { rowCount } = await pool.query(
      `DELETE FROM resource_version WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM resource_version WHERE kept_at < $1 LIMIT ${pageSize}))`,
      [before],
    );
    dropped += rowCount ?? 0;
    if ((rowCount ?? 0) < pageSize) return dropped;
  }
}
