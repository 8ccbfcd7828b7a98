import type { Pool } from 'pg';
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
 * Drops resources that wait. An earlier version of a resource that is served stays.
 * @param resources `Type/id` each; all when undefined
 * @returns how many were dropped
 */
export async function dropWaiting(pool: Pool, resources?: readonly string[]): Promise<number> {
  const client = await pool.connect();
  const chosen = (alias: string) =>
    resources === undefined ? 'true' : `${alias}.type || '/' || ${alias}.id = ANY($1)`;
  const values = resources === undefined ? [] : [resources];
  try {
    return await inTurn(client, async () => {
      for (const table of ['owner_reference', 'label_reference'])
        await client.query(
          `DELETE FROM ${table} o USING waiting_resource w
           WHERE o.type = w.type AND o.id = w.id AND ${chosen('w')}`,
          values,
        );
      let dropped = 0;
      for (const table of ['waiting_resource', 'unresolved_resource'])
        dropped += (await client.query(`DELETE FROM ${table} w WHERE ${chosen('w')}`, values)).rowCount ?? 0;
      return dropped;
    });
  } finally {
    client.release();
  }
}
