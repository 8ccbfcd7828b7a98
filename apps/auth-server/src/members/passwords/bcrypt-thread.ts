import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

/** bcryptjs needs a processor for up to half a second, so each check has a thread to itself. */
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { compareSync } = require(workerData.library);
  parentPort.postMessage(compareSync(workerData.password, workerData.encoded));`;

const library = createRequire(import.meta.url).resolve('bcryptjs');

/** Whether a password belongs to a bcrypt hash. Only its first 72 bytes count. */
export function bcryptMatches(encoded: string, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { eval: true, workerData: { library, password, encoded } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the check of a bcrypt hash ended without a result')));
  });
}
