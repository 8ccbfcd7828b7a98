import type { EventConsumer } from '@payer/events';
import { Gauge, register } from 'prom-client';

/** Milliseconds to wait until everything told before a heartbeat is applied; the next heartbeat tries again. */
const settleTimeout = 10_000;

/**
 * How fresh this replica's knowledge of revocations is. A heartbeat of `consent` comes down the same road as its
 * revocations and vouches for all that was told before it; partitions may overtake one another, so it counts only when
 * everything that is in the log once it is heard has been applied.
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
    if (instant <= (this.heard ?? 0)) return;
    this.heard = instant;
    // Without waiting: this is called by the delivery of the heartbeat, which has to end before the log is applied.
    if (!this.isSettling) void this.settle();
  }

  /** Seconds, or undefined before the first heartbeat. */
  get staleness(): number | undefined {
    return this.vouched === undefined ? undefined : Math.max(0, (this.now() - this.vouched) / 1000);
  }

  /** Whether revocations known here may be relied on. */
  get isFresh(): boolean {
    return this.vouched !== undefined && this.now() - this.vouched <= this.maxStaleness * 1000;
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
