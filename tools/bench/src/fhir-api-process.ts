import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repositoryRoot, services } from '@payer/local';
import { freePort } from '@payer/postgres';
import type { BenchSystem } from './environment.js';
import type { Target } from './load-generator.js';

/** An additional process of fhir-api, for comparing two processes that differ in one setting. */
export interface FhirApiProcess {
  pid: number;
  /** Address on which it listens. */
  url: string;
  /** The request of an app, directed to this process: `Host` stays that of the FHIR base. */
  target(url: string, token: string): Target & { headers: Record<string, string> };
  stop(): Promise<void>;
}

/**
 * Starts a process and waits until it is ready.
 * @param variables that differ from the system's
 */
export async function startFhirApi(
  bench: BenchSystem,
  variables: Record<string, string>,
): Promise<FhirApiProcess> {
  const port = await freePort();
  const { nodeArguments } = services.find(({ name }) => name === 'fhir-api')!;
  const child = fork(join(repositoryRoot, 'apps/fhir-api/dist/main.js'), [], {
    env: {
      ...process.env,
      ...bench.system.variables,
      ...bench.system.keys['fhir-api'],
      PORT: String(port),
      ...variables,
    },
    execArgv: [...nodeArguments],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`fhir-api ended with exit code ${code}`)));
  });
  const url = `http://localhost:${port}`;
  while (!(await fetch(`${url}/health/ready`)).ok) await pause(100);
  return {
    pid: child.pid!,
    url,
    target(asked, token) {
      const here = new URL(asked);
      const { host } = here;
      here.port = String(port);
      return { url: here.href, headers: { host, authorization: `Bearer ${token}` } };
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}
