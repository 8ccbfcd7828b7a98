import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres, type PostgresServer } from '@payer/postgres';

export interface TestPostgres {
  /** Creates the database when missing and gives its connection URL. */
  database(name: string): Promise<string>;
  /** Stops and starts the server, keeping the data; sessions break. */
  restart(): Promise<void>;
  /** Stops the server and keeps the data, for tests of what happens meanwhile. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

/** Where this account's test servers find an initialised cluster, one for each set of binaries. */
const template = join(
  process.platform === 'win32' ? tmpdir() : '/var/tmp',
  `payer-test-template-${userInfo().uid}-${createHash('sha256')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 12)}`,
);

/** A real PostgreSQL of its own for a test file, in a temporary directory, on a free port. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'payer-test-'));
  const port = await freePort();
  const start = (): Promise<PostgresServer> =>
    startPostgres({
      dataDirectory: join(directory, 'postgres'),
      port,
      template,
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    });
  chmodSync(directory, 0o755);
  let server = await start();
  return {
    async database(name) {
      await server.createDatabases([name]);
      return server.url(name);
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
