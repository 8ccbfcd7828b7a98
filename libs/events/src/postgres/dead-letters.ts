import { randomUUID } from 'node:crypto';
import type { DeadLetters, KeptDeadLetter } from '../delivery/dead-letters.js';
import type { DeadLetter } from '../delivery/delivery.js';
import { replayKey } from '../signatures/event-trust.js';
import type { PostgresEventLog } from './log.js';

/** Dead letters in a table beside the log. */
export class PostgresDeadLetters implements DeadLetters {
  constructor(private readonly log: PostgresEventLog) {}

  async keep(letter: DeadLetter): Promise<boolean> {
    const { rowCount } = await this.log.pool.query(
      `INSERT INTO dead_letter (consumer, topic, event, error, origin) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (consumer, origin) DO NOTHING`,
      [letter.consumer, letter.topic, JSON.stringify(letter.event), letter.error, letter.origin ?? null],
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
