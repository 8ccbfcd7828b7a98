import type { Pool, PoolClient } from 'pg';
import { addToOutbox } from '@payer/events';
import type { AccessTotals } from '@payer/smart';
import type { AccessCount } from './access-counts.js';

/** Rows of one transaction: short, so that replicas which add to the same rows do not wait long for each other. */
const batchSize = 200;

/**
 * Adds counts to the running totals of an environment's database and tells the new totals (`access-recorded`) in the same
 * transaction. Replicas share the rows, so a total is the sum over all of them.
 *
 * @returns the counts that were not written, with the reason, when the database failed
 */
export async function addToTotals(
  pool: Pool,
  counts: readonly AccessCount[],
): Promise<{ left: AccessCount[]; error?: Error }> {
  // In order of id: two replicas that write the same rows then cannot wait for each other in a circle.
  const sorted = counts
    .map((count) => ({ id: totalId(count), count }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  for (let start = 0; start < sorted.length; start += batchSize)
    try {
      await addBatch(pool, sorted.slice(start, start + batchSize));
    } catch (error) {
      return { left: sorted.slice(start).map(({ count }) => count), error: error as Error };
    }
  return { left: [] };
}

function totalId({ environment, clientId, grantId, day }: AccessCount): string {
  return `${environment}:${clientId}:${grantId ?? '-'}:${day}`;
}

async function addBatch(pool: Pool, batch: readonly { id: string; count: AccessCount }[]): Promise<void> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    for (const { id, count } of batch)
      await addToOutbox(client, 'access-recorded', await addOne(client, id, count));
    await client.query('COMMIT');
  } catch (error) {
    failure = error as Error;
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release(failure !== undefined);
  }
}

async function addOne(client: PoolClient, id: string, count: AccessCount): Promise<AccessTotals> {
  const { rows } = await client.query<{ version: number; requests: string; errors: string; last_at: Date }>({
    name: 'access-add',
    text: `INSERT INTO access_total AS total (id, version, client_id, grant_id, day, requests, errors, last_at)
           VALUES ($1, 1, $2, $3, $4, $5, $6, to_timestamp($7 / 1000.0))
           ON CONFLICT (id) DO UPDATE SET
             version = total.version + 1,
             requests = total.requests + excluded.requests,
             errors = total.errors + excluded.errors,
             last_at = greatest(total.last_at, excluded.last_at)
           RETURNING version, requests, errors, last_at`,
    values: [id, count.clientId, count.grantId, count.day, count.requests, count.errors, count.lastAt],
  });
  const total = rows[0]!;
  return {
    id,
    version: total.version,
    environment: count.environment,
    client_id: count.clientId,
    grant_id: count.grantId,
    day: count.day,
    requests: Number(total.requests),
    errors: Number(total.errors),
    last_at: total.last_at.toISOString(),
  };
}
