import { Gauge, Histogram, register } from 'prom-client';
import type { EventConsumer } from '@payer/events';
import type { GrantState } from '@payer/smart';
import type { Revocations } from './revocations.js';

/** Reports the delay until this replica knows a revocation, and the number of revocations. */
export class RevocationMetrics {
  private readonly delay: Histogram<'environment'>;

  constructor(
    revocations: Revocations,
    private readonly events: Pick<EventConsumer, 'isCaughtUp'>,
  ) {
    const names = ['revocation_delay_seconds', 'revocations_known', 'revocations_memory_bytes'] as const;
    for (const name of names) register.removeSingleMetric(name);
    this.delay = new Histogram({
      name: names[0],
      help: 'From the instant a grant was revoked (revoked_at) to its tokens being refused in this replica',
      labelNames: ['environment'],
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    });
    new Gauge({
      name: names[1],
      help: 'Revocations this replica holds in memory',
      collect() {
        this.set(revocations.size.revocations);
      },
    });
    new Gauge({
      name: names[2],
      help: 'Memory that the revocations take',
      collect() {
        this.set(revocations.size.bytes);
      },
    });
  }

  /**
   * Ignores revocations that a starting replica reads from the log: their delay says nothing about new
   * revocations.
   */
  refused(grant: GrantState): void {
    if (grant.revoked_at === null || !this.events.isCaughtUp) return;
    const seconds = (Date.now() - Date.parse(grant.revoked_at)) / 1000;
    this.delay.observe({ environment: grant.environment }, Math.max(0, seconds));
  }
}
