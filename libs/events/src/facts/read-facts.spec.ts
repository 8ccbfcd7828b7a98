import { afterAll, beforeAll, expect, it } from 'vitest';
import { factsPerPage, type GrantState } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { AddRecovery1764260000000 } from '../recovery/recovery.migration.js';
import { CreateFactFeed1764200000000 } from './migration.js';
import { readFacts, type FactSource } from './read-facts.js';

let postgres: TestPostgres;
let source: DataSource;
let url: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.database('owner');
  source = await new DataSource({
    type: 'postgres',
    url,
    migrations: [CreateFactFeed1764200000000, AddRecovery1764260000000],
  }).initialize();
  await source.runMigrations();
  await source.query(`
    CREATE TABLE fact (id text PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now(),
                       changed_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE TRIGGER changed BEFORE UPDATE ON fact FOR EACH ROW EXECUTE FUNCTION mark_changed()`);
});
afterAll(async () => {
  await source.destroy();
  await postgres.stop();
});

const feed: FactSource<'consent', { id: string }> = {
  select: 'SELECT id, id AS key, changed_by, changed_at FROM fact',
  toFact: ({ id }) => ({ grant_id: id }) as GrantState,
};
const idsOf = (facts: readonly unknown[]) => (facts as GrantState[]).map(({ grant_id }) => grant_id);
const read = (after = '0', more: { page?: string; recent?: number } = {}) =>
  readFacts(source, feed, { after, ...more });

it('what commits late, below a cursor that others have passed, is not skipped', async () => {
  const late = new Client({ connectionString: url });
  await late.connect();
  await late.query('BEGIN');
  await late.query("INSERT INTO fact (id) VALUES ('late')");
  await source.query("INSERT INTO fact (id) VALUES ('early')");
  const first = await read();
  expect(idsOf(first.facts)).toEqual(['early']);
  await late.query('COMMIT');
  await late.end();
  const second = await read(first.cursor);
  expect(idsOf(second.facts)).toContain('late');
  const third = await read(second.cursor);
  expect(third.facts).toEqual([]);
  await source.query("UPDATE fact SET changed_at = now() WHERE id = 'late'");
  expect(idsOf((await read(third.cursor)).facts)).toEqual(['late']);
});

it('pages give every fact once, in the order of transactions', async () => {
  const count = 2 * factsPerPage + 1;
  const { cursor } = await read();
  await source.query("INSERT INTO fact (id) SELECT 'many-' || i FROM generate_series(1, $1::int) i", [count]);
  const ids: string[] = [];
  for (let page: string | undefined; ;) {
    const answer = await read(cursor, { page });
    ids.push(...idsOf(answer.facts));
    if (answer.next === null) break;
    page = answer.next;
  }
  expect(ids).toHaveLength(count);
  expect(new Set(ids).size).toBe(count);
});

it('a reader that starts need not read what is older than it asks for', async () => {
  await source.query("INSERT INTO fact (id, changed_at) VALUES ('old', now() - interval '3 hours')");
  expect(idsOf((await read('0', { recent: 7200 })).facts)).not.toContain('old');
  const all = await read('0', { recent: 7200, page: '0:' });
  expect(all.facts.length).toBeGreaterThan(0);
});

it('a restored database has another identity, and says how long ago that was', async () => {
  const { identity, restored_seconds_ago } = await read();
  expect((await read()).identity).toBe(identity);
  expect(restored_seconds_ago).toBeNull();
  await source.query('UPDATE database_identity SET id = gen_random_uuid(), restored_at = now()');
  const after = await read();
  expect(after.identity).not.toBe(identity);
  expect(after.restored_seconds_ago).toBeLessThan(60);
});
