import { fork } from 'node:child_process';
import { join } from 'node:path';
import { preparationVariable, type Preparation, type Report } from './preparation.js';

export interface RunningPreparation {
  /** Resolves when the databases of all services are up to date. Rejects when that failed. */
  migrated: Promise<void>;
  /** Resolves when the synthetic data is there, too. Rejects when anything failed. */
  done: Promise<void>;
}

/**
 * Runs all migrations and loads in one process of their own: the modules that they share are loaded once, and their memory is
 * given back.
 */
export function prepare(preparation: Preparation, say: (line: string) => void): RunningPreparation {
  const child = fork(join(preparation.root, 'tools/local/dist/prepare/prepare.main.js'), [], {
    env: { ...process.env, [preparationVariable]: JSON.stringify(preparation) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  let failure: string | undefined;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const failed = (code: number | null) =>
    new Error(failure ?? `preparing the databases failed (exit code ${code}):\n${output}`);
  const done = ended.then((code) => {
    if (code !== 0) throw failed(code);
  });
  const migrated = new Promise<void>((resolve, reject) => {
    child.on('message', (message: Report) => {
      if ('say' in message) say(message.say);
      else if ('failed' in message) failure = message.failed;
      else resolve();
    });
    done.then(resolve, reject);
  });
  // Who waits for one of the two need not wait for the other.
  migrated.catch(() => undefined);
  done.catch(() => undefined);
  return { migrated, done };
}
