/**
 * Lets loops sleep until a call wakes them or a timeout passes. A call during the loop's work is not missed.
 */
export class Wakeup {
  private calls = 0;
  private readonly waiting = new Set<() => void>();

  wake(): void {
    this.calls += 1;
    for (const wakeUp of this.waiting) wakeUp();
  }

  /**
   * Take a ticket before looking for work. {@link wait} returns at once when a call came after the ticket.
   */
  ticket(): number {
    return this.calls;
  }

  /** @param timeout milliseconds */
  async wait(ticket: number, timeout: number): Promise<void> {
    if (this.calls !== ticket) return;
    await new Promise<void>((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer);
        this.waiting.delete(wakeUp);
        resolve();
      };
      const timer = setTimeout(wakeUp, timeout);
      this.waiting.add(wakeUp);
    });
  }

  /** @param timeout milliseconds */
  sleep(timeout: number): Promise<void> {
    return this.wait(this.calls, timeout);
  }
}
