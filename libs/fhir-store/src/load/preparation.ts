import { Worker } from 'node:worker_threads';
import type { Batch, Work } from './batch.js';
import { prepareBatch } from './prepare-batch.js';

/** Prepares batches, in worker threads or in the calling thread. */
export interface Preparation {
  /** The number of batches to hand in before the first is done, so that no thread is idle. */
  width: number;
  prepare(work: Work): Promise<Batch>;
  stop(): Promise<void>;
}

export interface Task {
  number: number;
  pieces: Work['pieces'];
}

export type Done = { number: number } & ({ batch: Batch } | { error: string });

/** @param threads 0 uses the calling thread, which is faster for few resources */
export function openPreparation(baseUrl: string, threads: number): Preparation {
  return threads === 0
    ? {
        width: 0,
        prepare: async ({ pieces }) => Promise.resolve(prepareBatch(pieces, baseUrl)),
        stop: async () => Promise.resolve(),
      }
    : new Threads(baseUrl, threads);
}

class Threads implements Preparation {
  readonly width: number;
  private readonly idle: Worker[] = [];
  private readonly workers: Worker[];
  private readonly queue: Task[] = [];
  private readonly waiting = new Map<number, { resolve(batch: Batch): void; reject(error: Error): void }>();
  private count = 0;
  private failure: Error | undefined;

  constructor(baseUrl: string, threads: number) {
    this.width = threads + 1;
    this.workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('preparation.worker.js', import.meta.url), {
        workerData: { baseUrl },
        // Nearly all memory of a batch is garbage when the batch is done: with fewer collections, less of it
        // is copied.
        resourceLimits: { maxYoungGenerationSizeMb: 96 },
      });
      worker.on('message', (done: Done) => this.finish(worker, done));
      worker.on('error', (error) => this.fail(error));
      this.idle.push(worker);
      return worker;
    });
  }

  prepare({ pieces }: Work): Promise<Batch> {
    if (this.failure) return Promise.reject(this.failure);
    const number = this.count++;
    this.queue.push({ number, pieces });
    const promise = new Promise<Batch>((resolve, reject) => this.waiting.set(number, { resolve, reject }));
    // The promise is awaited later; until then a failure needs a handler.
    promise.catch(() => undefined);
    this.handOut();
    return promise;
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private handOut(): void {
    while (this.idle.length > 0 && this.queue.length > 0) {
      const task = this.queue.shift() as Task;
      (this.idle.pop() as Worker).postMessage(
        task,
        task.pieces.map(({ bytes }) => bytes.buffer),
      );
    }
  }

  private finish(worker: Worker, done: Done): void {
    this.idle.push(worker);
    const waiting = this.waiting.get(done.number);
    this.waiting.delete(done.number);
    if ('batch' in done) waiting?.resolve(done.batch);
    else waiting?.reject(new Error(done.error));
    this.handOut();
  }

  private fail(error: Error): void {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
