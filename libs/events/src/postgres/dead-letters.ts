import { randomUUID } from 'node:crypto';
import type { DeadLetters, KeptDeadLetter } from '../delivery/dead-letters.js';
import type { DeadLetter } from '../delivery/delivery.js';
import { replayKey } from '../signatures/event-trust.js';
import type { PostgresEventLog } from './log.js';

/** Dead letters in a table beside the log. */
export class PostgresDeadLetters implements DeadLetters {
  constructor(private readonly log: PostgresEventLog) {}

  /**
   * An event that is nested too deeply for JSON.stringify is kept as its text, which the log copies. Without
   * it, the consumer would read the event again and again, and nothing after it.
   */
  async keep(letter: DeadLetter): Promise<boolean> {
    const { rowCount } = await this.log.pool.query(
      `INSERT INTO dead_letter (consumer, topic, event, error, origin)
       SELECT $1, $2, coalesce($3::jsonb, (SELECT to_jsonb(event::text) FROM event_log WHERE position = $5::bigint)),
              $4, $5::text
       ON CONFLICT (consumer, origin) DO NOTHING`,
      [letter.consumer, letter.topic, jsonOf(letter.event), letter.error, letter.origin ?? null],
    );
    return rowCount === 1;
  }

  async list(): Promise<KeptDeadLetter[]> {
    const { rows } = await this.log.pool.query<KeptDeadLetter & { at: Date }>(
      `SELECT id, consumer, topic, event, error, at FROM dead_letter
       WHERE replayed_at IS NULL AND discarded_at IS NULL ORDER BY id`,
    );
    return rows.map((row) => ({ ...row, at: (row.at as Date).toISOString() }));
  }

  async replay(letter: KeptDeadLetter): Promise<void> {
    // The log holds each id once, so the replay needs a new id. It needs a new key, too: compaction keeps the
    // last event of a key and would keep this old one.
    const id = `${replayKey}${randomUUID()}`;
    await this.log.appendEntries([{ id, topic: letter.topic, key: id, event: letter.event }]);
    await this.log.pool.query('UPDATE dead_letter SET replayed_at = now() WHERE id = $1', [letter.id]);
  }

  async discard(letter: KeptDeadLetter): Promise<void> {
    await this.log.pool.query('UPDATE dead_letter SET discarded_at = now() WHERE id = $1', [letter.id]);
  }

  async close(): Promise<void> {
    await this.log.close();
  }
}

/** @returns null when the value is nested too deeply */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
