import { AsyncLocalStorage } from 'node:async_hooks';
import { context, type Context } from '@opentelemetry/api';
import { DatabaseBusy, databaseIsUnavailable, refusedValues, tookTooLong } from './unavailable.js';

interface Waiting<Item, Result> {
  item: Item;
  /** The request that asks, for its spans. */
  asker: Context;
  /** Milliseconds of the monotonic clock. */
  addedAt: number;
  resolve(result: Result | PromiseLike<Result>): void;
  reject(error: unknown): void;
}

/**
 * Work of {@link Batches} on items that one statement stores, or none of them. When PostgreSQL refuses their
 * values, each item is stored by itself, so an item that cannot be stored fails alone. Every other failure is
 * that of all items.
 */
export const togetherOrAlone =
  <Item>(together: (items: readonly Item[]) => Promise<unknown>, alone: (item: Item) => Promise<void>) =>
  (items: readonly Item[]): Promise<(void | Promise<void>)[]> =>
    together(items).then(
      () => items.map(() => undefined),
      (error: unknown) => {
        if (!refusedValues(error)) throw error;
        return items.map(alone);
      },
    );

export interface BatchLimits {
  /** Batches at a time. */
  lanes: number;
  /** The most items of a batch. */
  largest: number;
  /**
   * Milliseconds after which a waiting item is refused with {@link DatabaseBusy}. Without it, an item waits
   * as long as the batches before it take.
   */
  longestWait?: number;
}

/**
 * Runs code outside of any request. A request loads no module, so the storages of requests are empty here.
 * The lane of a batch serves many requests and must not run within the first of them.
 */
const outsideRequests = AsyncLocalStorage.snapshot();

/**
 * Gathers items of many requests: the items that arrive while a batch runs form the next batch. So a lone
 * item does not wait, and under load one statement serves many requests. When the database is unavailable,
 * the waiting items fail with the batch, instead of one batch after another.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private running = 0;

  /**
   * @param work resolves with the outcome of each item, in their order. Its own failure is that of all items
   */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
    private readonly limits: BatchLimits,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, asker: context.active(), addedAt: performance.now(), resolve, reject });
      if (this.running >= this.limits.lanes) return;
      this.running += 1;
      // The other items of this turn of the event loop join.
      setImmediate(() => outsideRequests(() => void this.run()));
    });
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    for (let batch = this.next(); batch.length > 0; batch = this.next()) {
      try {
        const items = batch.map(({ item }) => item);
        const outcomes = await context.with(batch[0]!.asker, () => this.work(items));
        for (const [place, { resolve }] of batch.entries()) resolve(outcomes[place]!);
      } catch (error) {
        const isOfAll = databaseIsUnavailable(error) || tookTooLong(error);
        for (const { reject } of isOfAll ? [...batch, ...this.waiting.splice(0)] : batch) reject(error);
      }
    }
    this.running -= 1;
  }

  /** The items of the next batch. Refuses those that have waited too long. */
  private next(): Waiting<Item, Result>[] {
    const { largest, longestWait = Infinity } = this.limits;
    const earliest = performance.now() - longestWait;
    while (this.waiting.length > 0 && this.waiting[0]!.addedAt < earliest)
      this.waiting.shift()!.reject(new DatabaseBusy('the database is busy; ask again'));
    return this.waiting.splice(0, largest);
  }
}
