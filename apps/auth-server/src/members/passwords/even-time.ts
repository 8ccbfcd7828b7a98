/** Checks that run at a time. Each may take 64 MiB and a processor. */
const concurrentChecks = 2;

/**
 * Hides how long a check took. The answer of a failed check comes at a whole multiple of `slot` after its
 * arrival. All checks share one queue, and the wait for another check would tell how long that one took. So a
 * right password that had to wait is delayed in the same way.
 */
export class EvenTime {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param slot milliseconds, more than the costliest accepted hash takes */
  constructor(private readonly slot = 1500) {}

  /** Runs a check. A result of undefined or false is a failure. */
  async run<T>(check: () => Promise<T>): Promise<T> {
    const arrived = performance.now();
    const mustWait = this.running >= concurrentChecks;
    if (mustWait) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    let result: T;
    try {
      result = await check();
    } finally {
      // The place passes to the next check, which does not count again.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
    if (result && !mustWait) return result;
    const taken = performance.now() - arrived;
    const rest = Math.ceil(taken / this.slot) * this.slot - taken;
    await new Promise((resolve) => setTimeout(resolve, rest));
    return result;
  }
}
