import type { EventConsumer } from '@payer/events';
import { Gauge, register } from 'prom-client';
import { SenderClock } from './sender-clock.js';

/** Milliseconds to wait until everything told before a heartbeat is applied; the next heartbeat tries again. */
const settleTimeout = 10_000;

/**
 * How fresh this replica's knowledge of revocations is. A heartbeat of `consent` comes down the same road as its
 * revocations and vouches for all that was told before it; partitions may overtake one another, so it counts only when
 * everything that is in the log once it is heard has been applied. Its age is taken by this machine's clock and by
 * consent's ({@link SenderClock}), and the greater counts: clocks that differ make knowledge look older, never younger.
 */
export class Freshness {
  private heard: number | undefined;
  private vouched: number | undefined;
  private isSettling = false;

  /**
   * @param maxStaleness seconds
   * @param now milliseconds since the epoch
   */
  constructor(
    private readonly events: Pick<EventConsumer, 'settle'>,
    readonly maxStaleness: number,
    private readonly now: () => number = Date.now,
    private readonly consentClock = new SenderClock(),
  ) {
    register.removeSingleMetric('revocation_staleness_seconds');
    const age = () => this.staleness;
    new Gauge({
      name: 'revocation_staleness_seconds',
      help: 'Age of the newest heartbeat that vouches for the revocations known here. NaN before the first',
      collect() {
        this.set(age() ?? NaN);
      },
    });
  }

  /** @param at when the heartbeat was sent (ISO 8601) */
  hear(at: string): void {
    const instant = Date.parse(at);
    this.consentClock.hear(instant);
    if (instant <= (this.heard ?? 0)) return;
    this.heard = instant;
    // Without waiting: this is called by the delivery of the heartbeat, which has to end before the log is applied.
    if (!this.isSettling) void this.settle();
  }

  /** Seconds, or undefined before the first heartbeat. */
  get staleness(): number | undefined {
    if (this.vouched === undefined) return undefined;
    return Math.max(0, this.now() - this.vouched, this.consentClock.now() - this.vouched) / 1000;
  }

  /** Whether revocations known here may be relied on. */
  get isFresh(): boolean {
    const { staleness } = this;
    return staleness !== undefined && staleness <= this.maxStaleness;
  }

  private async settle(): Promise<void> {
    this.isSettling = true;
    try {
      while ((this.heard ?? 0) > (this.vouched ?? 0)) {
        const heard = this.heard;
        if (!(await this.events.settle(settleTimeout))) return;
        this.vouched = heard;
      }
    } catch {
      // The log cannot be asked where it ends; the next heartbeat tries again.
    } finally {
      this.isSettling = false;
    }
  }
}
