import { setTimeout as delay } from 'node:timers/promises';

/** Checks that run at a time. Each may take 64 MiB and a processor. */
const concurrentChecks = 2;

/**
 * Hides how long a failed check took: the answer comes at a whole multiple of `slot` after the check began.
 * All checks share one queue, so that a wait in the queue tells nothing about the checked name either.
 */
export class EvenTime {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param slot milliseconds, more than the costliest accepted hash takes */
  constructor(private readonly slot = 1500) {}

  /** Runs a check. A result of undefined or false is a failure, and is delayed. */
  async run<T>(check: () => Promise<T>): Promise<T> {
    if (this.running >= concurrentChecks) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    const begun = performance.now();
    let result: T;
    try {
      result = await check();
    } finally {
      // The place passes to the next check, which does not count again.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
    if (result) return result;
    const taken = performance.now() - begun;
    await delay(Math.ceil(taken / this.slot) * this.slot - taken);
    return result;
  }
}
