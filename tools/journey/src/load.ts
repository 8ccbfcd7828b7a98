/** Work of many kinds, repeated concurrently until it is stopped. Failures are recorded, not thrown. */
export class Load {
  readonly failures: string[] = [];
  /** Number of successes of each kind of work. */
  readonly done = new Map<string, number>();
  private readonly loops: Promise<void>[] = [];
  private stopped = false;

  /**
   * @param pause milliseconds between two rounds
   * @param work throws when an answer is wrong
   */
  repeat(what: string, pause: number, work: () => Promise<void>): void {
    this.done.set(what, 0);
    this.loops.push(this.loop(what, pause, work));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
  }

  private async loop(what: string, pause: number, work: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      try {
        await work();
        this.done.set(what, this.done.get(what)! + 1);
      } catch (error) {
        const { message, cause } = error as Error;
        this.failures.push(`${what}: ${message}${cause ? ` (${String(cause)})` : ''}`);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
