import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '@payer/processes';
import { startPostgres, type PostgresServer } from './server.js';

describe('the embedded PostgreSQL', () => {
  let home: string;
  let dataDirectory: string;
  let server: PostgresServer | undefined;
  const start = async () => (server = await startPostgres({ dataDirectory, port: await freePort() }));
  const pidOf = () => Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'payer-postgres-'));
    chmodSync(home, 0o755);
    dataDirectory = join(home, 'postgres');
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  it('reports the databases that it had to create', async () => {
    const { createDatabases } = await start();
    expect(await createDatabases(['one', 'two'])).toEqual(['one', 'two']);
    expect(await createDatabases(['one', 'three'])).toEqual(['three']);
  });

  it('a server that was left on the directory, on whatever port, is stopped before another starts', async () => {
    await start();
    const left = pidOf();
    await start();
    expect(isAlive(left)).toBe(false);
    expect(isAlive(pidOf())).toBe(true);
  });

  it('a running server without a socket is used, and goes on', async () => {
    const port = await freePort();
    server = await startPostgres({ dataDirectory, port, overTcp: true });
    const used = await startPostgres({ dataDirectory, port, useRunning: true });
    expect(used.started).toBe(false);
    expect(await used.createDatabases(['used'])).toEqual(['used']);
  });

  it('a relative path is a directory like any other', async () => {
    server = await startPostgres({
      dataDirectory: relative(process.cwd(), dataDirectory),
      port: await freePort(),
    });
    expect(new URL(server.url('one')).searchParams.get('host')).toBe(dataDirectory);
    expect(await server.createDatabases(['relative'])).toEqual(['relative']);
  });

  it('a server whose data is discarded has ended when the call returns, open sessions included', async () => {
    const { url, discard } = await start();
    const session = new Client({ connectionString: url('postgres') });
    session.on('error', () => undefined);
    await session.connect();
    const pid = pidOf();
    await discard();
    expect(existsSync(join(dataDirectory, 'postmaster.pid'))).toBe(false);
    await expect(session.query('SELECT 1')).rejects.toThrow();
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await (await start()).createDatabases(['one'])).toEqual([]);
  });

  it('a file left by a crash never ends the program that has the process id now', async () => {
    await server?.stop();
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      const file = join(dataDirectory, 'postmaster.pid');
      writeFileSync(file, `${other.pid}\n${dataDirectory}\n1700000000\n${await freePort()}\n\nlocalhost\n`);
      // PostgreSQL itself may refuse to start beside a process that it takes for its twin.
      await start().catch(() => rmSync(file, { force: true }));
      expect(other.exitCode ?? other.signalCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });
});
