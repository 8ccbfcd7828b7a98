import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, ReplicatedPostgres } from '@payer/testing';
import { Pool } from 'pg';
import { load } from './load/load.js';
import { createSchema } from './migrations/index.js';
import { BytesClient } from './postgres/bytes-client.js';
import { ReadReplicas } from './read-replicas.js';
import { openRepository } from './repository.js';
import { baseUrl, directory } from './testing/store.js';

/* Real servers of PostgreSQL: a primary, and a standby that streams its log. */

const postgres = new ReplicatedPostgres();
const home = mkdtempSync(join(tmpdir(), 'payer-replicas-'));
const maxLag = 1500;
let pools: { primary: Pool; replica: Pool };
let replicas: ReadReplicas;

/** Statements that were sent to each server. */
const asked = new Map<Pool, number>();

function openPool(url: string): Pool {
  const pool = new Pool({
    connectionString: url,
    max: 4,
    Client: BytesClient,
    connectionTimeoutMillis: 2000,
  });
  pool.on('error', () => undefined);
  const query = pool.query.bind(pool) as (...given: unknown[]) => unknown;
  pool.query = ((...given: unknown[]) => {
    asked.set(pool, (asked.get(pool) ?? 0) + 1);
    return query(...given);
  }) as never;
  return pool;
}

/** The replicas of the primary, as a service opens them. */
function openReplicas(primaryUrl: string, replicaUrl: string): ReadReplicas {
  const repositoryOn = (pool: Pool) =>
    openRepository({ pool, environment: 'test', baseUrl, cursorKey: 'test' });
  return new ReadReplicas({
    primary: { name: 'primary', url: primaryUrl, repository: repositoryOn(pools.primary) },
    replicas: [{ name: 'replica', url: replicaUrl, repository: repositoryOn(pools.replica) }],
    maxLag,
    checkInterval: 100,
  });
}

async function put(id: string): Promise<void> {
  const file = join(home, 'resources.ndjson');
  writeFileSync(file, JSON.stringify({ resourceType: 'Organization', id, name: id }));
  const { created } = await load({
    pool: pools.primary,
    baseUrl,
    files: [file],
    onRejected: () => undefined,
  });
  expect(created).toBe(1);
}

const read = (id: string) => replicas.repository.read({ type: 'Organization', id, access: directory });
const isFit = () => replicas.states[0]!.isFit;
beforeAll(async () => {
  await postgres.start(['fhir', 'other']);
  const { primary, replica } = postgres;
  await createSchema(primary.url('fhir'));
  pools = { primary: openPool(primary.url('fhir')), replica: openPool(replica.url('fhir')) };
  replicas = openReplicas(primary.url('fhir'), replica.url('fhir'));
  await replicas.start();
});
afterAll(async () => {
  await replicas?.stop();
  await Promise.all(Object.values(pools ?? {}).map((pool) => pool.end()));
  await postgres.stop();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(async () => {
  await eventually(() => Promise.resolve(isFit() || undefined));
});

it('a replica that keeps up answers reads and searches', async () => {
  await put('first');
  await eventually(() => read('first'));
  const before = asked.get(pools.replica)!;
  const onPrimary = asked.get(pools.primary);
  for (let n = 0; n < 20; n++) expect(await read('first')).toBeDefined();
  const { json } = await replicas.repository.search({
    type: 'Organization',
    params: [['name', 'first']],
    access: directory,
    handling: 'strict',
  });
  expect(JSON.parse(String(json)).entry).toHaveLength(1);
  expect(asked.get(pools.replica)).toBeGreaterThanOrEqual(before + 21);
  expect(asked.get(pools.primary)).toBe(onPrimary);
});

it('a replica that lags more than the bound is left out, and comes back when it has caught up', async () => {
  await pools.replica.query('SELECT pg_wal_replay_pause()');
  await put('late');
  // Within the bound the replica may lack it, beyond the bound nobody does.
  await eventually(() => Promise.resolve(isFit() ? undefined : true));
  expect(replicas.states[0]!.lag).toBeGreaterThan(maxLag);
  expect(await read('late')).toBeDefined();
  await pools.replica.query('SELECT pg_wal_replay_resume()');
  await eventually(() => Promise.resolve(isFit() || undefined));
  expect(await read('late')).toBeDefined();
});

it('a replica that is cut off from the primary ages, although it has replayed all that it received', async () => {
  await pools.replica.query(`ALTER SYSTEM SET primary_conninfo = 'host=localhost port=1'`);
  await pools.replica.query('SELECT pg_reload_conf()');
  await eventually(async () => {
    await pools.primary.query('SELECT pg_logical_emit_message(false, $1, $1)', ['x']);
    return isFit() ? undefined : true;
  });
  appendFileSync(
    join(postgres.replica.dataDirectory, 'postgresql.auto.conf'),
    `primary_conninfo = '${postgres.primaryConnection}'\n`,
  );
  await pools.replica.query('SELECT pg_reload_conf()');
  await eventually(() => Promise.resolve(isFit() || undefined));
});

it('no request fails while a replica stops, is away and comes back', async () => {
  let isOver = false;
  const failures: unknown[] = [];
  const asking = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const found = await read('first').catch((error: unknown) => void failures.push(error));
        if (!found) failures.push('not found');
      }
    }),
  );
  await postgres.stopReplica();
  await eventually(() => Promise.resolve(isFit() ? undefined : true));
  await postgres.startReplica();
  await eventually(() => Promise.resolve(isFit() || undefined));
  isOver = true;
  await asking;
  expect(failures).toEqual([]);
});

it('a request that waits for a frozen replica is answered by the primary', async () => {
  const { rows } = await pools.replica.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  const postmaster = readFileSync(join(postgres.replica.dataDirectory, 'postmaster.pid'), 'utf8').split(
    '\n',
  )[0];
  const pids = [Number(postmaster), ...rows.map(({ pid }) => pid)];
  try {
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    expect(await read('first')).toBeDefined();
    expect(isFit()).toBe(false);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
});

it('a server that is no replica, or a replica of another database, answers nothing', async () => {
  const { primary, replica } = postgres;
  for (const [url, problem] of [
    [primary.url('fhir'), /no replica/],
    [replica.url('other'), /another database/],
  ] as const) {
    const wrong = openReplicas(primary.url('fhir'), url);
    await wrong.start();
    await wrong.stop();
    expect(wrong.states).toEqual([
      expect.objectContaining({ isFit: false, problem: expect.stringMatching(problem) }),
    ]);
  }
});

it('a role that only reads can be asked how far it lags', async () => {
  await pools.primary.query(`CREATE ROLE reader LOGIN PASSWORD 'reader'`);
  await pools.primary.query('GRANT SELECT ON shared_resource TO reader');
  const asReader = (url: string) => url.replace('postgres:postgres@', 'reader:reader@');
  const { primary, replica } = postgres;
  const limited = openReplicas(asReader(primary.url('fhir')), asReader(replica.url('fhir')));
  await eventually(async () => {
    const { rowCount } = await pools.replica.query(`SELECT FROM pg_roles WHERE rolname = 'reader'`);
    return rowCount || undefined;
  });
  await limited.start();
  await eventually(() => Promise.resolve(limited.states[0]!.isFit || undefined));
  await limited.stop();
});
