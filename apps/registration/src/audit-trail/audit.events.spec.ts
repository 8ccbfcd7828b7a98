import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { migrate } from '@payer/service';
import { cloudEvent, type AuditEntry, type GrantState } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database/database-options.js';
import { AuditEvents } from './audit.events.js';
import { GrantHistory } from './grant-history.js';
import { GrantHistoryEvents } from './grant-history.events.js';

let postgres: TestPostgres;
let source: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('registration', {
    name: 'registration',
    prepare: (database) => migrate(databaseOptions(database)),
  });
  source = await new DataSource({ type: 'postgres', url }).initialize();
});
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

it('new grants that arrive together are stored, and a newer state of one wins', async () => {
  const events = new GrantHistoryEvents(new GrantHistory(source), source);
  const grant = (grant_id: string, more: Partial<GrantState> = {}): GrantState => ({
    grant_id,
    version: 2,
    environment: 'sandbox',
    sub: 'sub-1',
    patient: 'patient-1',
    client_id: 'app1',
    scope: 'patient/*.rs',
    status: 'active',
    created_at: '2026-11-01T00:00:00.000Z',
    expires_at: '2027-11-01T00:00:00.000Z',
    revoked_at: null,
    revoked_reason: null,
    ...more,
  });
  const create = (grants: readonly GrantState[]) =>
    Promise.allSettled(
      grants.map((data) =>
        events.onGrantCreated({
          ...cloudEvent('grant-created', grant('any'), { id: randomUUID(), time: new Date() }),
          data,
        }),
      ),
    );
  const outcomes = await create([grant('a'), grant('b', { created_at: 'never' }), grant('c')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const later = '2028-01-01T00:00:00.000Z';
  await create([
    grant('a', { version: 3, expires_at: later }),
    grant('c', { version: 1, expires_at: later }),
  ]);
  const stored = await source.query<{ grant_id: string; expires_at: Date }[]>(
    'SELECT grant_id, expires_at FROM grant_history ORDER BY grant_id',
  );
  expect(stored.map(({ grant_id, expires_at }) => [grant_id, expires_at.getUTCFullYear()])).toEqual([
    ['a', 2028],
    ['c', 2027],
  ]);
});
