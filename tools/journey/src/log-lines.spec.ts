import { describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot, services } from '@payer/local';

interface Ended {
  code: number | null;
  lines: string[];
}

/** Runs a program to its end; returns its output on both streams. */
function run(entry: string, variables: Record<string, string>, args: string[] = []): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(repositoryRoot, 'apps', entry), ...args], {
      env: { ...process.env, NODE_NO_WARNINGS: '', HOST: '127.0.0.1', PORT: '0', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines: output.split('\n').filter(Boolean) }));
  });
}

interface Line {
  level: number;
  name: string;
  msg: string;
  problems?: string[];
  err?: { type: string; stack: string };
  warning?: { type: string };
}

/** @throws SyntaxError for a line that is not JSON */
const parsed = ({ lines }: Ended) => lines.map((line) => JSON.parse(line) as Line);

/** An address without a listener, so the service keeps trying to connect during the test. */
const nowhere = 'postgres://nobody:the-database-password@127.0.0.1:1/nothing';
const away = {
  DATABASE_URL: nowhere,
  SANDBOX_DATABASE_URL: nowhere,
  PRODUCTION_DATABASE_URL: nowhere,
  EVENTS_DATABASE_URL: nowhere,
};

/** Code to run in the process after its modules are loaded. */
const injected = (code: string) => ({
  NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(`
    const timer = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return;
      clearInterval(timer);
      ${code}
    }, 20);
  `)}"`,
});

const names = services.map(({ name }) => name);

const operations = process.env.OPERATIONS_TESTS ? describe : describe.skip;

operations('every line of a process is JSON', () => {
  it.each(names)(
    '%s: a wrong variable is one line, which names the variable and no secret',
    async (name) => {
      const ended = await run(`${name}/dist/main.js`, {
        ...away,
        PORT: '99999',
        LOG_LEVEL: 'loud',
        PLAN_NAME: '',
        CURSOR_KEY: 'a-short-secret',
        KEY_ENCRYPTION_KEY: 'a-short-secret',
        PORTAL_SEALING_KEY: 'a-short-secret',
      });
      expect(ended.code).toBe(1);
      const [line, ...more] = parsed(ended).filter(({ level }) => level === 60);
      expect(more).toEqual([]);
      expect(line).toMatchObject({ name, msg: 'Configuration is wrong' });
      expect(line!.problems).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^PORT is "99999"/),
          expect.stringMatching(/^LOG_LEVEL is "loud"/),
          expect.stringMatching(/^[A-Z_]+_KEY is set: must have/),
        ]),
      );
      expect(ended.lines.join('\n')).not.toMatch(/a-short-secret|the-database-password/);
    },
    120_000,
  );

  it.each(names)(
    '%s: warnings, the console, streams and an unhandled rejection with its stack',
    async (name) => {
      const ended = await run(`${name}/dist/main.js`, {
        ...away,
        ...injected(`
        process.emitWarning('this is old', 'DeprecationWarning', 'DEP9999');
        console.log('two\\nlines');
        console.error('from %s', 'the console');
        process.stdout.write('{"level":30,"time":1,"name":"lib","msg":"JSON already"}\\n');
        process.stderr.write('straight to the stream\\n', () => {
          const error = new Error('nobody caught this');
          error.parameters = [['a-members', 'name'].join('-')];
          Promise.reject(error);
        });
      `),
      });
      expect(ended.code).toBe(1);
      const lines = parsed(ended);
      const messages = lines.map(({ msg }) => msg);
      for (const message of [
        'this is old',
        'two\nlines',
        'from the console',
        'JSON already',
        'straight to the stream',
        'unhandled rejection: nobody caught this',
      ])
        expect(messages).toContain(message);
      expect(lines.find(({ msg }) => msg === 'this is old')).toMatchObject({
        level: 40,
        name,
        warning: { type: 'DeprecationWarning' },
      });
      expect(lines.find(({ level }) => level === 60)?.err?.stack).toContain('\n    at ');
      expect(ended.lines.join('\n')).not.toMatch(/a-members-name|the-database-password/);
    },
    120_000,
  );

  it('an uncaught exception ends the process with its stack in one line', async () => {
    const ended = await run('registration/dist/main.js', {
      ...away,
      ...injected('setTimeout(() => { throw new TypeError("thrown"); })'),
    });
    expect(ended.code).toBe(1);
    expect(parsed(ended).at(-1)).toMatchObject({ level: 60, err: { type: 'TypeError', message: 'thrown' } });
  });

  it.each([
    ...names.map((name) => [`${name}/dist/migrate.js`, [] as string[], 1] as const),
    ['fhir-api/dist/load/main.js', ['--environment', 'nowhere'], 2] as const,
    ['auth-server/dist/members/import.js', [], 2] as const,
    ['auth-server/dist/keys/rotate.js', ['sideways'], 2] as const,
    ['consent/dist/keys/rotate.js', ['status'], 1] as const,
  ])(
    '%s, when it fails',
    async (entry, args, code) => {
      const ended = await run(entry, away, [...args]);
      expect([entry, ended.code]).toEqual([entry, code]);
      expect(parsed(ended).length).toBeGreaterThan(0);
      expect(ended.lines.join('\n')).not.toContain('the-database-password');
    },
    120_000,
  );
});
