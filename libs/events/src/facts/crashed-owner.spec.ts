import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GrantState } from '@payer/smart';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { AddRecovery1764260000000 } from '../recovery/recovery.migration.js';
import { CreateFactFeed1764200000000 } from './migration.js';
import { readFacts, type FactSource } from './read-facts.js';

let postgres: OwnPostgres;
let source: DataSource;

beforeAll(async () => {
  postgres = await startOwnPostgres();
  source = await new DataSource({
    type: 'postgres',
    url: await postgres.database('owner'),
    migrations: [CreateFactFeed1764200000000, AddRecovery1764260000000],
  }).initialize();
  await source.runMigrations();
  await source.query(`
    CREATE TABLE fact (id text PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now(),
                       changed_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE TABLE other (id int)`);
  await source.query('CHECKPOINT');
});
afterAll(async () => {
  await source.destroy();
  await postgres.stop();
});

const feed: FactSource<'consent', { id: string }> = {
  select: 'SELECT id, id AS key, changed_by, changed_at FROM fact',
  toFact: ({ id }) => ({ grant_id: id }) as GrantState,
};
const connect = async () => {
  const client = new Client({ connectionString: await postgres.database('owner') });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

it('a fact in a transaction whose number a crash gave out again is not skipped', async () => {
  const client = await connect();
  // Like the relay's deletions, these commits are not on the disk when they are answered.
  // The first one wakes the process that writes the log. It sleeps for 200 ms after that.
  await client.query('INSERT INTO other VALUES (0)');
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (let id = 0; id < 5; id++) await client.query('INSERT INTO other VALUES ($1)', [id]);
  const { cursor } = await readFacts(source, feed, { after: '0' });
  // PostgreSQL ends all sessions and loses what it has in memory when one of its processes is killed.
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  process.kill(rows[0]!.pid, 'SIGKILL');
  await eventually(() => client.query('SELECT').then(() => false, () => true));
  const again = await eventually(connect);
  await again.query("INSERT INTO fact (id) VALUES ('ended')");
  for (let id = 0; id < 9; id++) await again.query('INSERT INTO other VALUES ($1)', [id]);
  await again.end();
  const next = await eventually(() => readFacts(source, feed, { after: cursor }));
  expect(next.facts).toEqual([{ grant_id: 'ended' }]);
});
