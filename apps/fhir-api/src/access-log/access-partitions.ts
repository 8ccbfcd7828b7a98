import type { Pool } from 'pg';

/** Months for which partitions are created in advance. */
const monthsAhead = 2;

/** The month of an instant, UTC: `2026-11`. */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** Adds the partition of a month (`2026-11`) if it is missing. */
export async function addPartition(pool: Pool, month: string): Promise<void> {
  await pool.query('SELECT add_access_partition($1)', [`${month}-01`]);
}

/** Adds the partitions of this month and of the following months. */
export async function addPartitionsAhead(pool: Pool, now = Date.now()): Promise<void> {
  const month = new Date(now);
  month.setUTCDate(1);
  for (let ahead = 0; ahead <= monthsAhead; ahead++) {
    await addPartition(pool, monthOf(month.getTime()));
    month.setUTCMonth(month.getUTCMonth() + 1);
  }
}
