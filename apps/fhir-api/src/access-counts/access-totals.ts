import type { Pool, PoolClient } from 'pg';
import { addAllToOutbox, wakeRelays } from '@payer/events';
import type { Environment } from '@payer/smart';
import { addReads, type AccessCount } from './access-counts.js';

/**
 * Rows of one transaction. Short transactions keep replicas that update the same rows from waiting for each
 * other.
 */
const batchSize = 500;

interface Total {
  id: string;
  version: number;
  client_id: string;
  grant_id: string | null;
  day: string;
  requests: string;
  errors: string;
  last_at: Date;
  /** Requests and resources by resource type. */
  reads: Record<string, [requests: number, resources: number]>;
}

/**
 * Adds counts to the running totals of an environment's database, and publishes the new totals
 * (`access-recorded`) in the same transaction. Replicas share the rows, so a total is the sum over all
 * replicas.
 *
 * @returns the counts that were not written, with the reason, when the database failed
 */
export async function addToTotals(
  pool: Pool,
  environment: Environment,
  counts: readonly AccessCount[],
): Promise<{ left: AccessCount[]; error?: Error }> {
  // Each row occurs once per statement, ordered by id, so that two replicas cannot deadlock.
  const rows = [...byTotal(counts)]
    .map(([id, same]) => ({ id, count: same.reduce(sum), same }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  for (let start = 0; start < rows.length; start += batchSize)
    try {
      await addBatch(pool, environment, rows.slice(start, start + batchSize));
    } catch (error) {
      return { left: rows.slice(start).flatMap(({ same }) => same), error: error as Error };
    }
  return { left: [] };
}

function byTotal(counts: readonly AccessCount[]): Map<string, AccessCount[]> {
  const groups = new Map<string, AccessCount[]>();
  for (const count of counts) {
    const id = totalId(count);
    const group = groups.get(id);
    if (group) group.push(count);
    else groups.set(id, [count]);
  }
  return groups;
}

function totalId({ environment, clientId, grantId, day }: AccessCount): string {
  return `${environment}:${clientId}:${grantId ?? '-'}:${day}`;
}

function sum(a: AccessCount, b: AccessCount): AccessCount {
  const reads = new Map([...a.reads].map(([type, each]) => [type, { ...each }]));
  for (const [type, each] of b.reads) addReads(reads, type, each);
  return {
    ...a,
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    lastAt: Math.max(a.lastAt, b.lastAt),
    reads,
  };
}

async function addBatch(
  pool: Pool,
  environment: Environment,
  batch: readonly { id: string; count: AccessCount }[],
): Promise<void> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    const totals = await addRows(client, batch);
    await addAllToOutbox(
      client,
      'access-recorded',
      totals.map((total) => ({
        ...total,
        environment,
        requests: Number(total.requests),
        errors: Number(total.errors),
        last_at: total.last_at.toISOString(),
        reads: Object.entries(total.reads).map(([type, [requests, resources]]) => ({
          type,
          requests,
          resources,
        })),
      })),
    );
    await client.query('COMMIT');
    failed = false;
    wakeRelays();
  } finally {
    if (failed) await client.query('ROLLBACK').catch(() => undefined);
    client.release(failed);
  }
}

async function addRows(
  client: PoolClient,
  batch: readonly { id: string; count: AccessCount }[],
): Promise<Total[]> {
  const column = <T>(of: (count: AccessCount) => T) => batch.map(({ count }) => of(count));
  const { rows } = await client.query<Total>({
    name: 'access-add',
    text: `INSERT INTO access_total AS total (id, version, client_id, grant_id, day, requests, errors, last_at, reads)
           SELECT id, 1, client_id, grant_id, day, requests, errors, to_timestamp(last_at / 1000.0), reads
           FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::float8[], $8::jsonb[])
             AS added (id, client_id, grant_id, day, requests, errors, last_at, reads)
           ORDER BY id
           ON CONFLICT (id) DO UPDATE SET
             version = total.version + 1,
             requests = total.requests + excluded.requests,
             errors = total.errors + excluded.errors,
             last_at = greatest(total.last_at, excluded.last_at),
             reads = (
               SELECT coalesce(jsonb_object_agg(type, jsonb_build_array(requests, resources)), '{}')
               FROM (SELECT key AS type, sum((value->>0)::bigint) AS requests, sum((value->>1)::bigint) AS resources
                     FROM (SELECT * FROM jsonb_each(total.reads)
                           UNION ALL SELECT * FROM jsonb_each(excluded.reads)) each
                     GROUP BY key) summed)
           RETURNING id, version, client_id, grant_id, day::text, requests, errors, last_at, reads`,
    values: [
      batch.map(({ id }) => id),
      column((count) => count.clientId),
      column((count) => count.grantId),
      column((count) => count.day),
      column((count) => count.requests),
      column((count) => count.errors),
      column((count) => count.lastAt),
      column(({ reads }) =>
        JSON.stringify(
          Object.fromEntries([...reads].map(([type, each]) => [type, [each.requests, each.resources]])),
        ),
      ),
    ],
  });
  return rows;
}
