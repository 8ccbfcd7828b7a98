import { parentPort, workerData } from 'node:worker_threads';
import { accepting, type Done, type Task } from './preparation.js';
import { prepareBatch, prepareUnlessConditional, type PreparationSettings } from './prepare-batch.js';

const settings = workerData as PreparationSettings;

parentPort?.on('message', ({ number, pieces, resolutions, isAccepted }: Task) => {
  let done: Done;
  try {
    const prepared = resolutions
      ? prepareBatch(pieces, isAccepted ? accepting(settings) : settings, resolutions)
      : prepareUnlessConditional(pieces, settings);
    done = { number, prepared };
  } catch (error) {
    done = { number, error: (error as Error).message };
  }
  parentPort?.postMessage(done, 'prepared' in done ? buffersOf(done.prepared) : []);
});

/** The memory that is handed over instead of copied. */
function buffersOf(prepared: Extract<Done, { prepared: unknown }>['prepared']): ArrayBuffer[] {
  return 'conditions' in prepared
    ? prepared.pieces.map(({ bytes }) => bytes.buffer)
    : Object.values(prepared.rows).map(({ buffer }) => buffer as ArrayBuffer);
}
