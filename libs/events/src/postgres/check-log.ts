import type { Pool } from 'pg';
import { z } from 'zod';
import { logIdentity } from './log-identity.js';

/** A publisher's memory of the log: its identity and its last event. */
const memorySchema = z.object({
  identity: z.string(),
  position: z.string(),
  eventId: z.string().nullable(),
  /** Milliseconds since 1970 on the log's clock. */
  at: z.number(),
});

interface Row {
  id: string;
  identity: string;
  at: number;
  position: string | null;
  event_id: string | null;
  /** Id of the event at the known position. */
  known_id: string | null;
}

/**
 * Compares the log with a publisher's memory. Three signs mean that the log has lost events: another
 * identity, an end before the known position, or another event at that position. A log that lost its end
 * while its identity stayed the same (for example through a copied data directory) gets a new identity, so
 * that every consumer starts over.
 * @param compactionAge seconds after which compaction may have removed the known event
 */
export async function checkLog(
  pool: Pool,
  memory: unknown,
  compactionAge: number,
): Promise<{ memory: unknown; lost?: string }> {
  const known = memorySchema.safeParse(memory).data;
  const row = await look(pool, known?.position);
  const { identity, position, event_id: eventId, at } = row;
  const now = { identity, position: position ?? '0', eventId, at };
  if (!known) return { memory: now };
  if (known.identity !== identity) return { memory: now, lost: 'is another one, or was restored' };
  const isYoung = at - known.at < compactionAge * 1000;
  const isCut =
    BigInt(now.position) < BigInt(known.position) ||
    (isYoung && known.eventId !== null && row.known_id !== known.eventId);
  if (!isCut) return { memory: now };
  await pool.query('UPDATE event_log_identity SET id = gen_random_uuid() WHERE id = $1', [row.id]);
  const renewed = await look(pool, undefined);
  return { memory: { ...now, identity: renewed.identity }, lost: 'has lost its last events' };
}

async function look(pool: Pool, position: string | undefined): Promise<Row> {
  const { rows } = await pool.query<Row>({
    name: 'event-log-check',
    text: `SELECT event_log_identity.id, ${logIdentity} AS identity,
                  extract(epoch FROM clock_timestamp())::float8 * 1000 AS at, tail.position, tail.event_id,
                  (SELECT event_id FROM event_log WHERE position = $1::bigint) AS known_id
           FROM event_log_identity
             LEFT JOIN (SELECT position, event_id FROM event_log ORDER BY position DESC LIMIT 1) tail ON true`,
    values: [position ?? null],
  });
  return rows[0]!;
}
