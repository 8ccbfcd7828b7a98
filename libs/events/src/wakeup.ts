/** Lets a loop sleep until somebody wakes it or time is up, without missing a call that came while it was busy. */
export class Wakeup {
  private calls = 0;
  private waiting: (() => void) | undefined;

  wake(): void {
    this.calls += 1;
    this.waiting?.();
  }

  /** Take a ticket before looking for work; {@link wait} returns at once when a call came after it was taken. */
  ticket(): number {
    return this.calls;
  }

  /** @param timeout milliseconds */
  async wait(ticket: number, timeout: number): Promise<void> {
    if (this.calls !== ticket) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      this.waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.waiting = undefined;
  }

  /** @param timeout milliseconds */
  sleep(timeout: number): Promise<void> {
    return this.wait(this.calls, timeout);
  }
}
