import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres, type PostgresServer } from '@payer/postgres';
import { Client } from 'pg';

/** The tables of a database, made once for all test files of a process. */
export interface Prepared {
  /** Files that give the same name get a copy of the same database. */
  name: string;
  /** Migrates a database, and closes its connections. */
  prepare(url: string): Promise<unknown>;
}

export interface TestPostgres {
  /**
   * Creates a database for this test file when it is missing.
   * @param name distinguishes the databases of a file; the real name may be longer
   * @param prepared what the database holds at first; nothing, when absent
   * @returns the connection URL
   */
  database(name: string, prepared?: Prepared): Promise<string>;
  /** Ends all sessions and removes the databases. */
  stop(): Promise<void>;
}

/** A server for one test file alone, whose databases have exactly the names that the test gives. */
export interface OwnPostgres extends TestPostgres {
  /** Stops and starts the server, keeping the data; sessions break. */
  restart(): Promise<void>;
  /** Stops the server and keeps the data, for tests of what happens meanwhile. */
  pause(): Promise<void>;
}

/** Where this account's test servers find an initialised cluster, one for each set of binaries. */
const template = join(
  process.platform === 'win32' ? tmpdir() : '/var/tmp',
  `payer-test-cluster-${userInfo().uid}-${createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 12)}`,
);

const memory = '/dev/shm';
/** Bytes that must be free in memory: more than all projects that are tested at a time take. */
const enoughMemory = 4 * 2 ** 30;

/**
 * The place of the test servers' data: in memory where there is enough. A test file creates and drops
 * databases of 300 small files each. On a disk the kernel spends more time on these than PostgreSQL on its
 * work.
 */
function placeForData(): string {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= enoughMemory ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Test data need not survive a crash, and no test waits for the automatic vacuum. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
};

/** Vitest runs the files of a project in one process, one after another. They share its server. */
interface Shared {
  server: PostgresServer;
  /** Test files that have asked for databases. */
  files: number;
  /** Databases to copy, by their names. */
  templates: Map<string, Promise<string>>;
}
const inProcess = globalThis as { payerTestPostgres?: Promise<Shared> };

/**
 * Databases of a test file on a real PostgreSQL, which the files of a process share: a server for each file
 * would cost more than most of its tests. A test that stops the server, or that changes more than its
 * databases, takes {@link startOwnPostgres}.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const shared = await (inProcess.payerTestPostgres ??= startShared());
  const file = (shared.files += 1);
  const created = new Map<string, Promise<string>>();
  return {
    database(name, prepared) {
      const made = created.get(name) ?? createCopy(shared, `${name}_${file}`, prepared);
      created.set(name, made);
      return made;
    },
    async stop() {
      const made = await Promise.allSettled(created.values());
      const urls = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      created.clear();
      await asAdministrator(shared.server, async (client) => {
        for (const url of urls) {
          const name = client.escapeIdentifier(new URL(url).pathname.slice(1));
          // A pool that was left open would connect again before the database is gone.
          await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
          await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
        }
      });
    },
  };
}

async function startShared(): Promise<Shared> {
  const { server } = await startTemporary();
  return { server, files: 0, templates: new Map() };
}

/** @returns the connection URL */
async function createCopy(shared: Shared, name: string, prepared?: Prepared): Promise<string> {
  const { server, templates } = shared;
  let from = 'template0';
  if (prepared) {
    const template = `prepared_${prepared.name}`;
    const made =
      templates.get(template) ??
      createCopy(shared, template).then((url) => prepared.prepare(url).then(() => template));
    templates.set(template, made);
    from = await made;
  }
  await asAdministrator(server, (client) =>
    // Files are copied faster than the log of a copy is written.
    client.query(
      `CREATE DATABASE ${client.escapeIdentifier(name)} TEMPLATE ${client.escapeIdentifier(from)} STRATEGY file_copy`,
    ),
  );
  const url = server.url(name);
  if (prepared) await becomeAnother(url);
  return url;
}

/** Services know a database by the identity in it, so each copy gets a new one. */
async function becomeAnother(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ known: boolean }>(
    "SELECT to_regclass('database_identity') IS NOT NULL AS known",
  );
  if (rows[0]!.known) await client.query('UPDATE database_identity SET id = gen_random_uuid()');
  await client.end();
}

async function asAdministrator(
  server: PostgresServer,
  act: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = new Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}

/** A real PostgreSQL for one test file alone. */
export async function startOwnPostgres(): Promise<OwnPostgres> {
  const { server: first, directory, start } = await startTemporary();
  let server = first;
  return {
    async database(name, prepared) {
      const created = await server.createDatabases([name]);
      const url = server.url(name);
      if (created.length > 0) await prepared?.prepare(url);
      return url;
    },
    async restart() {
      await server.stop();
      server = await start();
    },
    async pause() {
      await server.stop();
    },
    async stop() {
      await server.discard();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts a server in a temporary directory, on a free port. Both go when this process ends. */
async function startTemporary() {
  const directory = mkdtempSync(join(placeForData(), 'payer-test-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const start = () =>
    startPostgres({
      dataDirectory: join(directory, 'postgres'),
      port,
      template,
      settings,
      temporary: directory,
    });
  return { server: await start(), directory, start };
}
