/**
 * Shares one fetch among concurrent callers. A caller that arrives during a fetch gets the result of the next
 * fetch, because the running fetch may have read the state before the call. So at most one fetch runs at a
 * time, and no result is older than the call.
 */
export class Coalesced<Answer> {
  private running: Promise<Answer> | undefined;
  private next: Promise<Answer> | undefined;

  constructor(private readonly fetch: () => Promise<Answer>) {}

  ask(): Promise<Answer> {
    if (this.next) return this.next;
    if (!this.running) return this.begin();
    return (this.next = this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.begin();
      }));
  }

  private begin(): Promise<Answer> {
    const running = this.fetch().finally(() => {
      if (this.running === running) this.running = undefined;
    });
    return (this.running = running);
  }
}
