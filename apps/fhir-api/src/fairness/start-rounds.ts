/**
 * Lets only a few requests of each key begin per turn of the event loop. Requests that arrive together are
 * answered together, so their successors arrive together, too. Without this limit sixty short requests of one
 * app would form one long piece of work that delays all other apps.
 */
export class StartRounds {
  private readonly begun = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();
  private isScheduled = false;

  /** @param perRound requests of a key that begin in one turn of the event loop */
  constructor(private readonly perRound: number) {}

  /** Resolves when the request may begin. The first requests of a turn begin at once. */
  async turn(key: string): Promise<void> {
    this.schedule();
    const begun = this.begun.get(key) ?? 0;
    if (begun < this.perRound) {
      this.begun.set(key, begun + 1);
      return;
    }
    const line = this.waiting.get(key) ?? [];
    this.waiting.set(key, line);
    await new Promise<void>((resolve) => line.push(resolve));
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.nextRound());
  }

  private nextRound(): void {
    this.isScheduled = false;
    this.begun.clear();
    for (const [key, line] of this.waiting) {
      const next = line.splice(0, this.perRound);
      this.begun.set(key, next.length);
      if (line.length === 0) this.waiting.delete(key);
      for (const begin of next) begin();
    }
    if (this.begun.size > 0) this.schedule();
  }
}
