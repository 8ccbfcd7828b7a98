import { fork } from 'node:child_process';
import { join } from 'node:path';
import { preparationVariable, type Preparation, type Report } from './preparation.js';

export interface RunningPreparation {
  /** Resolves when the databases of all services are up to date; rejects on failure. */
  migrated: Promise<void>;
  /** Resolves when the synthetic data is loaded, too; rejects on any failure. */
  done: Promise<void>;
}

/**
 * Runs all migrations and loads in one separate process. Shared modules are loaded once, and the memory is
 * released at the end.
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
  // A caller may await only one of the two promises.
  migrated.catch(() => undefined);
  done.catch(() => undefined);
  return { migrated, done };
}
