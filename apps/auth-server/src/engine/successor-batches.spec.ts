import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { randomUUID } from 'node:crypto';
import { databaseIsUnavailable, sha256 } from '@payer/service';
import { countTransactions, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Pool } from 'pg';
import { migrated } from '../testing/migrated.js';
import { storeSuccessor } from './successor-batches.js';
import { findToken, storeArtifact } from './token-rows.js';
import type { ArtifactRow } from './unit-of-work/artifact-row.js';

let postgres: TestPostgres;
let source: DataSource;
/** Its statements have a short timeout. */
let impatient: DataSource;
let transactions: ReturnType<typeof countTransactions>;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const url = await postgres.database('auth_server', migrated);
  source = await new DataSource({ type: 'postgres', url }).initialize();
  const extra = { statement_timeout: 200 };
  impatient = await new DataSource({ type: 'postgres', url, extra }).initialize();
  transactions = counted(source);
}, 60_000);
afterAll(async () => {
  await impatient?.destroy();
  await source?.destroy();
  await postgres?.stop();
});
afterEach(() => void vi.useRealTimers());
beforeEach(async () => {
  await source.query('TRUNCATE oidc_artifact, outbox_journal, ended_grant');
});

const counted = (of: DataSource) =>
  countTransactions((of.driver as unknown as { master: Pool }).master, () => true);

/** Locks the tokens, as a statement of another session that takes long. @returns ends it */
async function lockTokens(): Promise<() => Promise<void>> {
  const other = source.createQueryRunner();
  await other.startTransaction();
  await other.query('LOCK TABLE oidc_artifact IN ACCESS EXCLUSIVE MODE');
  return async () => {
    await other.rollbackTransaction();
    await other.release();
  };
}

const row = (id: string, more: Partial<ArtifactRow> = {}): ArtifactRow => ({
  model: 'RefreshToken',
  id,
  payload: more.payload ?? { scope: 'openid' },
  grantId: more.grantId ?? randomUUID(),
  uid: null,
  lifetime: 3600,
});
const issue = (...ids: string[]) => Promise.all(ids.map((id) => storeArtifact(source, 'sandbox', row(id))));
const use = (id: string, successor = row(`${id}-next`), of = source) =>
  storeSuccessor(of, 'sandbox', { model: 'RefreshToken', id }, successor);

const stateOf = async (...ids: string[]) => {
  const rows = await source.query<{ id_sha256: string; used: boolean }[]>(
    "SELECT id_sha256, consumed_at IS NOT NULL AS used FROM oidc_artifact WHERE environment = 'sandbox'",
  );
  const states = new Map(rows.map(({ id_sha256, used }) => [id_sha256, used ? 'used' : 'live']));
  return ids.map((id) => states.get(sha256(id)));
};
const journaled = async () =>
  (
    await source.query<{ event: { subject: string; data: object } }[]>(
      'SELECT event FROM outbox_journal ORDER BY id',
    )
  ).map(({ event }) => event);

it('refreshes that arrive together share a transaction, and each stores its successor and its use', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  await issue(...ids);
  transactions.take();
  expect(await Promise.all(ids.map((id) => use(id)))).toEqual([true, true, true, true]);
  expect(transactions.take()).toBe(1);
  expect(await stateOf(...ids, ...ids.map((id) => `${id}-next`))).toEqual([
    ...ids.map(() => 'used'),
    ...ids.map(() => 'live'),
  ]);
  const events = await journaled();
  expect(events.map(({ subject }) => subject).sort()).toEqual(ids.map((id) => sha256(id)).sort());
  await issue('alone');
  await use('alone');
  const [last] = (await journaled()).slice(-1);
  expect(Object.keys(events[0]!).sort()).toEqual(Object.keys(last!).sort());
  expect(Object.keys(events[0]!.data).sort()).toEqual(Object.keys(last!.data).sort());
});

it('of many uses of one token in one batch exactly one stores its successor', async () => {
  await issue('a', 'b');
  const outcomes = await Promise.all(['a', 'a', 'b', 'a'].map((id) => use(id)));
  expect(outcomes).toEqual([true, false, true, false]);
  expect(await journaled()).toHaveLength(2);
});

it('a used token and an unknown one store nothing, and do not fail the others', async () => {
  await issue('a', 'b');
  await use('b');
  const outcomes = await Promise.all([use('unknown'), use('b', row('other')), use('a')]);
  expect(outcomes).toEqual([false, false, true]);
  expect(await stateOf('a', 'a-next', 'other', 'unknown-next')).toEqual([
    'used',
    'live',
    undefined,
    undefined,
  ]);
});

it('a successor that PostgreSQL refuses fails alone', async () => {
  await issue('a', 'b', 'c');
  const refused = row('b-next', { payload: { scope: 'a NUL \u0000' } });
  const outcomes = await Promise.allSettled([use('a'), use('b', refused), use('c')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await stateOf('a', 'a-next', 'b', 'b-next', 'c', 'c-next')).toEqual([
    ...['used', 'live'],
    ...['live', undefined],
    ...['used', 'live'],
  ]);
});

it('a token that another transaction holds delays no other', async () => {
  await issue('a', 'held', 'c');
  const other = source.createQueryRunner();
  await other.startTransaction();
  await other.query('SELECT 1 FROM oidc_artifact WHERE id_sha256 = $1 FOR UPDATE', [sha256('held')]);
  const held = use('held');
  expect(await Promise.all([use('a'), use('c')])).toEqual([true, true]);
  await issue('d', 'e');
  expect(await Promise.all([use('d'), use('e')])).toEqual([true, true]);
  await other.rollbackTransaction();
  await other.release();
  expect(await held).toBe(true);
  expect(await stateOf('held', 'held-next')).toEqual(['used', 'live']);
});

it('an ended grant gets no successor', async () => {
  await issue('a', 'b');
  await source.query("INSERT INTO ended_grant (grant_id, environment) VALUES ('ended', 'sandbox')");
  const outcomes = await Promise.all([use('a', row('a-next', { grantId: 'ended' })), use('b')]);
  expect(outcomes).toEqual([true, true]);
  expect(await stateOf('a', 'a-next', 'b', 'b-next')).toEqual(['used', undefined, 'used', 'live']);
});

it('a statement that takes too long is not repeated for each of its tokens', async () => {
  await issue('a', 'b', 'c');
  const sent = counted(impatient);
  const unlock = await lockTokens();
  const uses = ['a', 'b', 'c'].map((id) => use(id, undefined, impatient));
  for (const outcome of await Promise.allSettled(uses))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '57014' } });
  await unlock();
  expect(sent.take()).toBe(1);
  expect(await stateOf('a', 'b', 'c')).toEqual(['live', 'live', 'live']);
});

it('a use that has waited for more than five seconds is refused, and its token stays live', async () => {
  await issue('a', 'b');
  vi.useFakeTimers({ toFake: ['performance'] });
  const unlock = await lockTokens();
  transactions.take();
  const first = use('a');
  await vi.waitFor(() => expect(transactions.take()).toBe(1));
  const late = use('b').catch((error: unknown) => error);
  vi.advanceTimersByTime(5001);
  await unlock();
  expect(await first).toBe(true);
  expect(databaseIsUnavailable(await late)).toBe(true);
  expect(await stateOf('a', 'b', 'b-next')).toEqual(['used', 'live', undefined]);
  expect(await use('b')).toBe(true);
});

it('statements that were planned for an empty table read only their own rows of a large one', async () => {
  const one = await new DataSource({ ...source.options, poolSize: 1 } as DataSourceOptions).initialize();
  try {
    const grantId = randomUUID();
    const refresh = async (id: string) => {
      await findToken(one, 'sandbox', 'RefreshToken', id);
      return use(id, row(`${id}-next`, { grantId }), one);
    };
    await storeArtifact(one, 'sandbox', row('first', { grantId }));
    // PostgreSQL keeps a plan after five executions.
    for (let rotation = 0; rotation < 8; rotation++) await refresh(`first${'-next'.repeat(rotation)}`);
    await one.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, expires_at)
       SELECT 'sandbox', 'RefreshToken', 'token ' || i, '{}', $1, now() + interval '1 day'
       FROM generate_series(1, 3000) AS i`,
      [grantId],
    );
    const before = await rowsRead(one);
    expect(await refresh(`first${'-next'.repeat(8)}`)).toBe(true);
    expect((await rowsRead(one)) - before).toBeLessThan(20);
  } finally {
    await one.destroy();
  }
});

/** The rows of the engine's artifacts that statements of this one connection have read. */
async function rowsRead(of: DataSource): Promise<number> {
  await of.query('SELECT pg_stat_force_next_flush()');
  const [{ read }] = await of.query<[{ read: string }]>(
    `SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_user_tables WHERE relname = 'oidc_artifact'`,
  );
  return Number(read);
}
