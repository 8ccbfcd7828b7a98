import { expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { startTestPostgres } from '@payer/testing';
import { Client } from 'pg';
import { logChannel, PostgresEventLog } from './log.js';

it('an event that decisions need wakes its consumers, and an audit entry waits for their next look', async () => {
  const postgres = await startTestPostgres();
  const log = new PostgresEventLog(await postgres.database('events'));
  const listener = new Client({ connectionString: log.databaseUrl });
  try {
    await log.migrate();
    await listener.connect();
    const hints: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => hints.push(payload));
    await listener.query(`LISTEN ${logChannel}`);
    const append = (...topics: string[]) =>
      log.appendEntries(topics.map((topic) => ({ id: randomUUID(), topic, key: 'k', event: {} })));
    await append('audit-recorded');
    await append('audit-recorded', 'grant-revoked');
    // PostgreSQL hands out notifications before the answer to the next statement.
    await listener.query('SELECT 1');
    expect(hints).toEqual(['grant-revoked']);
    expect(await log.head()).toBe(3n);
  } finally {
    await listener.end();
    await log.close();
    await postgres.stop();
  }
});
