import { context, type Context } from '@opentelemetry/api';

interface Waiting<Item, Result> {
  item: Item;
  /** The request that asks, for its spans. */
  asker: Context;
  resolve(result: Result | PromiseLike<Result>): void;
  reject(error: unknown): void;
}

/**
 * Work of {@link Batches} on items that one statement stores, or none of them. After its failure each item is
 * stored by itself, so an item that cannot be stored fails alone.
 */
export const togetherOrAlone =
  <Item>(together: (items: readonly Item[]) => Promise<unknown>, alone: (item: Item) => Promise<void>) =>
  (items: readonly Item[]): Promise<(void | Promise<void>)[]> =>
    together(items).then(
      () => items.map(() => undefined),
      () => items.map(alone),
    );

export interface BatchLimits {
  /** Batches at a time. */
  lanes: number;
  /** Most items of a batch. */
  largest: number;
}

/**
 * Gathers items of many requests: the items that arrive while a batch runs form the next batch. So a lone item
 * does not wait, and under load one statement serves many requests.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private running = 0;

  /** @param work resolves with the outcome of each item, in their order. Its own failure is that of all items */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly (Result | Promise<Result>)[]>,
    private readonly limits: BatchLimits,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, asker: context.active(), resolve, reject });
      if (this.running >= this.limits.lanes) return;
      this.running += 1;
      // The other items of this turn of the event loop join.
      setImmediate(() => void this.run());
    });
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, this.limits.largest);
      try {
        const items = batch.map(({ item }) => item);
        const outcomes = await context.with(batch[0]!.asker, () => this.work(items));
        for (const [place, { resolve }] of batch.entries()) resolve(outcomes[place]!);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.running -= 1;
  }
}
