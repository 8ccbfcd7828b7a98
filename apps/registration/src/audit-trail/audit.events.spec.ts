import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { migrate } from '@payer/service';
import { cloudEvent, type AuditEntry } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database/database-options.js';
import { AuditEvents } from './audit.events.js';

let postgres: TestPostgres;
let source: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('registration', {
    name: 'registration',
    prepare: (database) => migrate(databaseOptions(database)),
  });
  source = await new DataSource({ type: 'postgres', url }).initialize();
}, 60_000);
afterAll(async () => {
  await source?.destroy();
  await postgres?.stop();
});

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: randomUUID(),
  version: 1,
  at: new Date().toISOString(),
  service: 'consent',
  action: 'grant-allowed',
  actor_role: 'member',
  actor: 'sub-1',
  environment: 'sandbox',
  client_id: 'app1',
  grant_id: null,
  sub: 'sub-1',
  request_id: null,
  trace_id: null,
  detail: {},
  ...more,
});

const eventOf = (data: AuditEntry) => ({
  ...cloudEvent('audit-recorded', entry(), { id: randomUUID(), time: new Date() }),
  data,
});

it('entries that arrive together are stored, also when one of them cannot be stored', async () => {
  const events = new AuditEvents(source);
  const [first, broken, last] = [entry(), entry({ at: 'never' }), entry()];
  const outcomes = await Promise.allSettled(
    [first, broken, last].map((one) => events.onAuditRecorded(eventOf(one!))),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const stored = await source.query<{ id: string }[]>('SELECT id FROM audit_entry');
  expect(stored.map(({ id }) => id).sort()).toEqual([first!.id, last!.id].sort());
  // A repeated event changes nothing.
  await Promise.all([first, last].map((one) => events.onAuditRecorded(eventOf(one!))));
  expect(await source.query('SELECT id FROM audit_entry')).toHaveLength(2);
});
