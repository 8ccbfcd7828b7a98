import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSystem, type Ports, type RunningSystem } from '@payer/local';
import { freePort } from '@payer/postgres';
import { addressesFromVariables, type SystemAddresses } from './addresses.js';

export interface TestSystem {
  addresses: SystemAddresses;
  running: RunningSystem;
  /** All log lines of the services. */
  logs(): string;
  stop(): Promise<void>;
}

/** The whole system for a test: real processes, real PostgreSQL, free ports, its own directory. */
export async function startTestSystem(
  variables: Record<string, string> = {},
  replicas = 1,
): Promise<TestSystem> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'payer-system-'));
  chmodSync(dataDirectory, 0o755);
  const ports: Ports = {
    'auth-server': await freePort(),
    registration: await freePort(),
    consent: await freePort(),
    'fhir-api': await freePort(),
    postgres: await freePort(),
  };
  const running = await startSystem({
    ports,
    dataDirectory,
    replicas,
    variables: { LOG_LEVEL: 'info', ...variables },
    // Safe for killed processes, which the test is about; only a crash of the machine could lose data.
    postgresSettings: { fsync: 'off' },
    say: (line) => {
      if (process.env.SHOW_SYSTEM) process.stderr.write(`${line}\n`);
    },
  });
  return {
    addresses: addressesFromVariables(running.variables),
    running,
    logs() {
      const directory = join(dataDirectory, 'logs');
      return readdirSync(directory)
        .map((file) => readFileSync(join(directory, file), 'utf8'))
        .join('\n');
    },
    async stop() {
      await running.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
