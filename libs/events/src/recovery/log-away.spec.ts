import { describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { eventually } from '@payer/testing';
import type { EventPublisher } from '../publisher.js';
import { JournalReader } from '../journal/reader.js';
import { inspect } from './recovery.js';
import { restoredDatabase } from './testing/restored-database.js';

describe('while the log refuses events', () => {
  const database = restoredDatabase();
  const { query, outboxRows, relay, untilRelayed, journaled } = database;
  const away: EventPublisher = {
    publishEvents: () => Promise.reject(new Error('the log is away')),
    close() {},
  };

  const add = (table: string, type: string, ids: string) =>
    query(
      `INSERT INTO ${table} (id, event_id, event) OVERRIDING SYSTEM VALUE
       SELECT i, id, jsonb_build_object('id', id, 'type', $1::text, 'subject', id, 'time', now(), 'data', '{}')
       FROM (SELECT i, gen_random_uuid() AS id FROM ${ids} AS i) new`,
      [type],
    );

  it('all facts reach the journal, and the database seems restored at no time when the log is back', async () => {
    await add('outbox', 'token-revoked', 'generate_series(1001, 2200)');
    await add('outbox_journal', 'token-used', 'generate_series(1001, 2200)');
    const stuck = relay(away);
    await eventually(async () => new Set(await journaled()).size === 2400);
    expect(await outboxRows()).toBe(1200);
    await stuck.stop();
    // A transaction that took its number early commits late, so the rows gather in other batches.
    await add('outbox', 'token-revoked', 'generate_series(1, 1)');
    const reasons: unknown[] = [];
    const watched: EventPublisher = {
      async publishEvents() {
        const client = new Client({ connectionString: database.url });
        await client.connect();
        const { reason } = await inspect(client, new JournalReader(database.journal, 'auth-server'));
        reasons.push(reason);
        await client.end();
      },
      close() {},
    };
    const started = relay(watched);
    await untilRelayed();
    await started.stop();
    expect(reasons).toEqual([undefined, undefined, undefined]);
    expect(await query('SELECT 1 FROM outbox_journal')).toEqual([]);
    expect(await journaled()).toHaveLength(2401);
  });
});
