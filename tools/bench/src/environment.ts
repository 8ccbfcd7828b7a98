import { fork, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { App, addressesFromVariables, localMembers, PortalSession, platformTeam } from '@payer/journey';
import {
  repositoryRoot,
  services,
  startSystem,
  type Ports,
  type RunningSystem,
  type SystemOptions,
} from '@payer/local';
import { freePort } from '@payer/postgres';
import { processorTimeOfEndedChildren, stopOnSignals } from '@payer/processes';
import type { FloorRoute } from './floor.js';

/** A complete system to measure, running in its own processes. */
export interface BenchSystem {
  directory: string;
  system: RunningSystem;
  addresses: ReturnType<typeof addressesFromVariables>;
  developer: PortalSession;
  platform: PortalSession;
  stop(): Promise<void>;
}

export const member = localMembers.sandbox[0];
export const redirect_uris = ['https://client-app.com/redirect'];

/** What differs from the system of `npm start`. */
export type BenchOptions = Pick<SystemOptions, 'variables' | 'postgresSettings' | 'databaseOverTcp'>;

/** Starts a system on free ports. */
export async function startBenchSystem({ variables, ...others }: BenchOptions = {}): Promise<BenchSystem> {
  const directory = mkdtempSync(join(tmpdir(), 'payer-bench-'));
  chmodSync(directory, 0o755);
  // On a signal, running work may fail first and exit the program before the directory is removed.
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true });
  process.on('exit', removeDirectory);
  // Undefined during the start, when a signal may also come.
  const running: { system?: RunningSystem } = {};
  const stop = async () => {
    await running.system?.stop();
    removeDirectory();
  };
  const forget = stopOnSignals(stop);
  const ports = { postgres: await freePort() } as Ports;
  for (const { name } of services) ports[name] = await freePort();
  const system = (running.system = await startSystem({
    ports,
    dataDirectory: directory,
    variables: { LOG_LEVEL: 'warn', ...variables },
    ...others,
  }));
  const addresses = addressesFromVariables(system.variables);
  return {
    directory,
    system,
    addresses,
    developer: await PortalSession.newDeveloper(addresses.portal),
    platform: await PortalSession.signIn(addresses.portal, platformTeam.email, platformTeam.password),
    async stop() {
      forget();
      await stop();
      process.off('exit', removeDirectory);
    },
  };
}

/** Tokens of both plans in the sandbox. */
export async function tokens(bench: BenchSystem): Promise<{ member: string; directory: string }> {
  const { developer, addresses } = bench;
  const health = await developer.createApp('patient-access', { client_name: 'Bench', redirect_uris });
  const finder = await developer.createApp('provider-directory', { client_name: 'Bench' });
  const token = await new App(addresses, 'sandbox', health).connect(member);
  const directory = await new App(addresses, 'sandbox', finder).clientCredentials();
  return { member: token.access_token, directory: directory.body.access_token };
}

export async function query<Row>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Row[];
  } finally {
    await client.end();
  }
}

/**
 * Amount of generated data. A practice has about nine directory resources, a member about eighty resources.
 */
export interface DataSize {
  members: number;
  practices: number;
  seed: number;
}

/**
 * Generates a directory, and members in addition to the sandbox's members.
 * @returns the NDJSON file
 */
export async function generate(bench: BenchSystem, { members, practices, seed }: DataSize): Promise<string> {
  const out = join(bench.directory, `synthetic-${seed}`);
  await run(
    join(repositoryRoot, 'tools/synthetic/dist/main.js'),
    [
      ...['--environment', 'sandbox', '--out', out, '--seed', String(seed)],
      ...['--members', String(members), '--practices', String(practices)],
    ],
    {},
  );
  return join(out, 'sandbox.ndjson');
}

/** What a program took to its end. */
export interface Run {
  /** With the start of its process. */
  seconds: number;
  /** Milliseconds of processor time, with all threads. */
  processorTime: number;
}

/** Loads a file with the loader. */
export const loadFile = (bench: BenchSystem, file: string): Promise<Run> =>
  run(
    join(repositoryRoot, 'apps/fhir-api/dist/load/main.js'),
    ['--environment', 'sandbox', file],
    bench.system.variables,
  );

function run(entry: string, args: string[], variables: Record<string, string>): Promise<Run> {
  const startedAt = performance.now();
  const before = processorTimeOfEndedChildren();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      env: { ...process.env, ...variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
    child.on('close', (code) =>
      code === 0
        ? resolve({
            seconds: (performance.now() - startedAt) / 1000,
            // The services do not end meanwhile.
            processorTime: processorTimeOfEndedChildren() - before,
          })
        : reject(new Error(`${entry}: ${errors}`)),
    );
  });
}

/** Starts the floor in its own process. */
export async function startFloor(
  bench: BenchSystem,
  routes: readonly FloorRoute[],
): Promise<{ url: string; pid: number; stop(): void }> {
  const file = join(bench.directory, 'floor.json');
  writeFileSync(file, JSON.stringify(routes));
  const child = fork(fileURLToPath(new URL('floor.js', import.meta.url)), [
    bench.system.databaseUrl('fhir_sandbox'),
    file,
  ]);
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }));
    child.once('exit', () => reject(new Error('the floor did not start')));
  });
  return { url: `http://127.0.0.1:${port}`, pid: child.pid!, stop: () => child.disconnect() };
}
