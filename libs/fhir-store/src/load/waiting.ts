import type { Pool, PoolClient } from 'pg';
import { isFollowed, labelsOfWaiting } from './follow-labels.js';
import { columnsOf, nameOf, type Key } from './keys.js';
import { inTurn } from './loader-lock.js';

/** A resource that is not served, because something that it depends on is not loaded. */
export interface WaitingResource {
  type: string;
  id: string;
  /** The references whose targets are missing: `Type/id`, or a reference by identifier. */
  waitsFor: string[];
}

/** The resources that wait, for their owner or for the target of a reference by identifier. */
export async function listWaiting(pool: Pool): Promise<WaitingResource[]> {
  const { rows } = await pool.query<WaitingResource>(`
    SELECT w.type, w.id, ARRAY(
      SELECT o.target_type || '/' || o.target_id FROM owner_reference o
      WHERE o.type = w.type AND o.id = w.id ORDER BY 1) AS "waitsFor"
    FROM waiting_resource w
    UNION ALL
    SELECT type, id, conditions FROM unresolved_resource
    ORDER BY type, id`);
  return rows;
}

/**
 * Drops resources that wait. An earlier version of a resource that is served stays. Resources that follow the
 * labels of a dropped one keep them, as they do when a resource is deleted.
 * @param resources `Type/id` each; all when undefined
 * @returns how many were dropped
 */
export async function dropWaiting(pool: Pool, resources?: readonly string[]): Promise<number> {
  const client = await pool.connect();
  const isChosen = `($1::text[] IS NULL OR w.type || '/' || w.id = ANY($1))`;
  try {
    return await inTurn(client, async () => {
      const { rows: keys } = await client.query<Key>(
        `SELECT w.type, w.id FROM waiting_resource w WHERE ${isChosen}`,
        [resources],
      );
      await dropWithReferences(client, keys);
      const { rowCount } = await client.query(`DELETE FROM unresolved_resource w WHERE ${isChosen}`, [
        resources,
      ]);
      return keys.length + (rowCount ?? 0);
    });
  } finally {
    client.release();
  }
}

async function dropWithReferences(client: PoolClient, keys: readonly Key[]): Promise<void> {
  // Before their references are deleted.
  const followed = await labelsOfWaiting(client, keys);
  for (const table of ['owner_reference', 'label_reference'])
    await client.query(
      `DELETE FROM ${table} o USING unnest($1::text[], $2::text[]) AS k (type, id)
       WHERE o.type = k.type AND o.id = k.id`,
      columnsOf(keys),
    );
  const { rows } = await client.query<Key & { version: number; labels: string[] | null }>(
    `DELETE FROM waiting_resource w USING unnest($1::text[], $2::text[]) AS k (type, id)
     WHERE w.type = k.type AND w.id = k.id RETURNING w.type, w.id, w.version, w.labels`,
    columnsOf(keys),
  );
  const marks = rows
    .map((row) => ({ ...row, labels: [...(row.labels ?? []), ...(followed.get(nameOf(row)) ?? [])] }))
    .filter(({ labels }) => labels.length > 0);
  await client.query(
    `INSERT INTO deleted_resource (type, id, version, labels)
     SELECT * FROM jsonb_to_recordset($1) AS d (type text, id text, version int, labels text[])
     WHERE ${isFollowed('d')}`,
    [JSON.stringify(marks)],
  );
}
