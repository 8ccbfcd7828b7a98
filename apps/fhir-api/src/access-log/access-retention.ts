import type { Pool } from 'pg';
import { z } from 'zod';

/** The migrations read these variables, too: they set the retention in the database. */
export const retentionVariables = {
  /**
   * Days for which access records are kept. 45 CFR §164.316(b)(2)(i) requires six years for documentation.
   */
  ACCESS_RECORD_DAYS: z.coerce.number().int().min(31).max(36_500).default(2192),
};

/**
 * Drops the partitions whose newest record has exceeded its retention (`access_retention`).
 * @returns the names of the dropped tables
 */
export async function dropExpiredPartitions(pool: Pool, now = Date.now()): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>('SELECT drop_expired_access_partitions($1) AS name', [
    new Date(now),
  ]);
  return rows.map(({ name }) => name);
}

/** Sets the retention of records in days. Only the owner of the tables may do so. @param days at least 31 */
export async function setRetention(pool: Pick<Pool, 'query'>, days: number): Promise<void> {
  await pool.query('UPDATE access_retention SET days = $1 WHERE days <> $1', [days]);
}
