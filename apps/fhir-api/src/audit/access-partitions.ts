import type { Pool } from 'pg';

/** Makes replicas that need the same partition at once wait for one another. */
const partitionLock = 7004;

/** The month of an instant, UTC: `2026-11`. */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

const nameOf = (month: string) => `access_record_${month.replace('-', '_')}`;

/** Makes the partition of a month (`2026-11`) when it is missing. */
export async function makePartition(pool: Pool, month: string): Promise<void> {
  const from = `${month}-01T00:00:00Z`;
  const next = new Date(from);
  next.setUTCMonth(next.getUTCMonth() + 1);
  await inLock(
    pool,
    `CREATE TABLE IF NOT EXISTS ${nameOf(month)} PARTITION OF access_record
     FOR VALUES FROM ('${from}') TO ('${next.toISOString()}')`,
  );
}

/**
 * Removes the partitions whose last row is older than the time it has to be kept.
 * @param keptDays how long a row has to be kept
 * @returns the names of what went
 */
export async function dropOldPartitions(pool: Pool, keptDays: number, now = Date.now()): Promise<string[]> {
  const oldest = nameOf(monthOf(now - keptDays * 86_400_000));
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'access_record'::regclass`,
  );
  const old = rows.map(({ name }) => name).filter((name) => name < oldest);
  for (const name of old) await inLock(pool, `DROP TABLE IF EXISTS ${name}`);
  return old;
}

async function inLock(pool: Pool, statement: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [partitionLock]);
    await client.query(statement);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release(true);
    throw error;
  }
}
