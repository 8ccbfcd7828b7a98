import { parentPort, workerData } from 'node:worker_threads';
import type { Done, Task } from './preparation.js';
import { prepareBatch } from './prepare-batch.js';

const { baseUrl } = workerData as { baseUrl: string };

parentPort?.on('message', ({ number, pieces }: Task) => {
  let done: Done;
  try {
    done = { number, batch: prepareBatch(pieces, baseUrl) };
  } catch (error) {
    done = { number, error: (error as Error).message };
  }
  parentPort?.postMessage(
    done,
    'batch' in done ? Object.values(done.batch.rows).map(({ buffer }) => buffer as ArrayBuffer) : [],
  );
});
