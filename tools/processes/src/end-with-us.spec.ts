import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { transformFileSync } from '@swc/core';

/**
 * A separate program, in plain JavaScript: it starts a "server", watches it, and ends in one of several
 * ways.
 */
const program = `
import { spawn } from 'node:child_process';
import { endWithUs } from './end-with-us.mjs';
const [, , way, directory] = process.argv;
const server = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
const watch = endWithUs(server.pid, 'SIGTERM', directory || undefined);
process.stdout.write(server.pid + ' ' + watch.pid + '\\n');
setInterval(() => {}, 1000);
setTimeout(() => {
  if (way === 'throws') throw new Error('on purpose');
  if (way === 'rejects') void Promise.reject(new Error('on purpose'));
  if (way === 'exits') process.exit(3);
  if (way === 'releases') {
    watch.release();
    process.exit(0);
  }
}, 100);
`;
const home = mkdtempSync(join(tmpdir(), 'payer-processes-'));
const source = fileURLToPath(new URL('end-with-us.ts', import.meta.url));
writeFileSync(
  join(home, 'end-with-us.mjs'),
  transformFileSync(source, { swcrc: false, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } })
    .code,
);
writeFileSync(join(home, 'program.mjs'), program);

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a server ends with the process that started it', () => {
  const parents: ChildProcess[] = [];
  afterEach(() => parents.splice(0).forEach((parent) => parent.kill('SIGKILL')));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  async function parentThat(
    way: string,
    directory = '',
  ): Promise<{ parent: ChildProcess; server: number; watch: number }> {
    const parent = spawn(process.execPath, [join(home, 'program.mjs'), way, directory], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    parents.push(parent);
    const said = await new Promise<string>((resolve) =>
      parent.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString())),
    );
    const [server = 0, watch = 0] = said.split(' ').map(Number);
    return { parent, server, watch };
  }

  const ended = async (pid: number) => {
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('when it gets %s', async (signal) => {
    const { parent, server } = await parentThat('waits');
    expect(isAlive(server)).toBe(true);
    parent.kill(signal);
    await ended(server);
  });

  it.each(['throws', 'rejects', 'exits'])('when it %s', async (way) => {
    const { server } = await parentThat(way);
    await ended(server);
  });

  it('and its directory is removed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'payer-processes-'));
    const { parent, server } = await parentThat('waits', directory);
    parent.kill('SIGKILL');
    await ended(server);
    while (existsSync(directory)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('but goes on when the watch was released', async () => {
    const { server, watch } = await parentThat('releases');
    await ended(watch);
    expect(isAlive(server)).toBe(true);
    process.kill(server, 'SIGKILL');
  });
});
