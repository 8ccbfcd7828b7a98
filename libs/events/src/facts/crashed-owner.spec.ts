import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GrantState } from '@payer/smart';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { CreateOutbox1764000000000 } from '../outbox/migration.js';
import { FactKeeper } from '../recovery/fact-keeper.js';
import { AddRecovery1764260000000 } from '../recovery/recovery.migration.js';
import { ownerOfTokens } from '../recovery/testing/restored-database.js';
import { silent } from '../testing/event-bench.js';
import { CreateFactFeed1764200000000 } from './migration.js';
import { readFacts, type FactSource } from './read-facts.js';

let postgres: OwnPostgres;
let source: DataSource;

beforeAll(async () => {
  postgres = await startOwnPostgres();
  source = await new DataSource({
    type: 'postgres',
    url: await postgres.database('owner'),
    migrations: [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000],
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
const tokens = "SELECT id AS key, '1' AS version FROM fact";
const connect = async () => {
  const client = new Client({ connectionString: await postgres.database('owner') });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

/** Commits as the relay does: the commit is not on the disk when it is answered. */
async function lazySession(): Promise<Client> {
  const client = await connect();
  await client.query('SET synchronous_commit = off');
  // The first commit wakes the process that writes the log. It sleeps for 200 ms after that.
  await client.query('INSERT INTO other VALUES (0)');
  await new Promise((resolve) => setTimeout(resolve, 50));
  return client;
}

/** PostgreSQL ends all sessions and loses what it has in memory when one of its processes is killed. */
async function crash(client: Client): Promise<Client> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  process.kill(rows[0]!.pid, 'SIGKILL');
  await eventually(() =>
    client.query('SELECT').then(
      () => false,
      () => true,
    ),
  );
  return eventually(connect);
}

it('a fact in a transaction whose number a crash gave out again is not skipped', async () => {
  const client = await lazySession();
  for (let id = 0; id < 5; id++) await client.query('INSERT INTO other VALUES ($1)', [id]);
  const { cursor } = await readFacts(source, feed, { after: '0' });
  const again = await crash(client);
  await again.query("INSERT INTO fact (id) VALUES ('ended')");
  for (let id = 0; id < 9; id++) await again.query('INSERT INTO other VALUES ($1)', [id]);
  await again.end();
  const next = await eventually(() => readFacts(source, feed, { after: cursor }));
  expect(next.facts).toEqual([{ grant_id: 'ended' }]);
});

it('a fact that was published again is still in the outbox, so the database does not seem restored', async () => {
  const owner = { ...ownerOfTokens(), source: { ...ownerOfTokens().source, select: tokens } };
  const keeper = new FactKeeper({ databaseUrl: '', owner, journal: undefined, logger: silent });
  await source.query("INSERT INTO fact (id) VALUES ('told again')");
  await source.query("UPDATE database_identity SET republish_after = ''");
  await source.query('CHECKPOINT');
  const client = await lazySession();
  expect(await keeper.republish(client)).toBe(true);
  const again = await crash(client);
  const { rows } = await again.query("SELECT 1 FROM outbox WHERE event ->> 'subject' = 'told again'");
  await again.end();
  expect(rows).toHaveLength(1);
});
