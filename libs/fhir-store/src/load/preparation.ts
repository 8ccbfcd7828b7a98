import { Worker } from 'node:worker_threads';
import type { Batch, ConditionalWork, Piece } from './batch.js';
import type { Resolutions } from './conditional-references.js';
import { prepareBatch, prepareUnlessConditional, type PreparationSettings } from './prepare-batch.js';

/** Prepares batches, in worker threads or in the calling thread. */
export interface Preparation {
  /** The number of batches to hand in before the first is done, so that no thread is idle. */
  width: number;
  /**
   * The batch, or its conditional references, which have to be resolved before {@link resolved} is called.
   */
  prepare(pieces: Piece[]): Promise<Batch | ConditionalWork>;
  resolved(pieces: Piece[], resolutions: Resolutions): Promise<Batch>;
  /** As {@link resolved}, of resources that a load has accepted: their structure refuses none of them. */
  accepted(pieces: Piece[], resolutions: Resolutions): Promise<Batch>;
  stop(): Promise<void>;
}

export interface Task {
  number: number;
  pieces: Piece[];
  /** Undefined when nothing is known about conditional references. */
  resolutions: Resolutions | undefined;
  /** Whether a load has accepted the resources. */
  isAccepted?: boolean;
}

export type Done = { number: number } & ({ prepared: Batch | ConditionalWork } | { error: string });

/** @param threads 0 uses the calling thread, which is faster for few resources */
export function openPreparation(settings: PreparationSettings, threads: number): Preparation {
  return threads === 0
    ? {
        width: 0,
        prepare: async (pieces) => Promise.resolve(prepareUnlessConditional(pieces, settings)),
        resolved: async (pieces, resolutions) => Promise.resolve(prepareBatch(pieces, settings, resolutions)),
        accepted: async (pieces, resolutions) =>
          Promise.resolve(prepareBatch(pieces, accepting(settings), resolutions)),
        stop: async () => Promise.resolve(),
      }
    : new Threads(settings, threads);
}

/** Settings for resources that a load has accepted. */
export const accepting = (settings: PreparationSettings): PreparationSettings => ({
  ...settings,
  structure: 'count',
});

class Threads implements Preparation {
  readonly width: number;
  private readonly idle: Worker[] = [];
  private readonly workers: Worker[];
  private readonly queue: Task[] = [];
  private readonly waiting = new Map<
    number,
    { resolve(prepared: Batch | ConditionalWork): void; reject(error: Error): void }
  >();
  private count = 0;
  private failure: Error | undefined;

  constructor(settings: PreparationSettings, threads: number) {
    this.width = threads + 1;
    this.workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('preparation.worker.js', import.meta.url), {
        workerData: settings,
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

  prepare(pieces: Piece[]): Promise<Batch | ConditionalWork> {
    return this.add({ pieces, resolutions: undefined });
  }

  resolved(pieces: Piece[], resolutions: Resolutions): Promise<Batch> {
    return this.add({ pieces, resolutions }) as Promise<Batch>;
  }

  accepted(pieces: Piece[], resolutions: Resolutions): Promise<Batch> {
    return this.add({ pieces, resolutions, isAccepted: true }) as Promise<Batch>;
  }

  private add(task: Omit<Task, 'number'>): Promise<Batch | ConditionalWork> {
    if (this.failure) return Promise.reject(this.failure);
    const number = this.count++;
    // A batch whose references are resolved is awaited at once; the others are for later.
    if (task.resolutions) this.queue.unshift({ number, ...task });
    else this.queue.push({ number, ...task });
    const promise = new Promise<Batch | ConditionalWork>((resolve, reject) =>
      this.waiting.set(number, { resolve, reject }),
    );
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
    if ('prepared' in done) waiting?.resolve(done.prepared);
    else waiting?.reject(new Error(done.error));
    this.handOut();
  }

  private fail(error: Error): void {
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
