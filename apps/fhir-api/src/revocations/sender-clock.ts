/** Milliseconds that a reading is relied on: long enough for a prompt heartbeat to be among them, short enough for drift. */
const windowLength = 10 * 60_000;

/**
 * The clock of who sends heartbeats, as far as they tell it. A heartbeat that says `at` was sent before it was heard, so
 * the sender's clock shows at least `at` then. The best of such readings is late by the quickest delivery among them, and
 * owes nothing to the clock of this machine being right: elapsed time is measured by a clock that nobody sets.
 */
export class SenderClock {
  private newest = { since: -Infinity, offset: -Infinity };
  private previous = -Infinity;

  /** @param elapsed milliseconds on a clock that only goes forward */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** @param at what the sender's clock showed, in milliseconds since the epoch */
  hear(at: number): void {
    const now = this.elapsed();
    if (now - this.newest.since > windowLength) {
      this.previous = this.newest.offset;
      this.newest = { since: now, offset: -Infinity };
    }
    this.newest.offset = Math.max(this.newest.offset, at - now);
  }

  /** What it shows now at least, in milliseconds since the epoch; -Infinity before the first heartbeat. */
  now(): number {
    return this.elapsed() + Math.max(this.newest.offset, this.previous);
  }
}
