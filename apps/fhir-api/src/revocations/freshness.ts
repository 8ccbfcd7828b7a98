import { Gauge, register } from 'prom-client';

/** How fresh this replica's knowledge of revocations is: the newest heartbeat that came down the same road. */
export class Freshness {
  private newest: number | undefined;

  constructor() {
    register.removeSingleMetric('revocation_staleness_seconds');
    const age = () => this.staleness;
    new Gauge({
      name: 'revocation_staleness_seconds',
      help: 'Age of the newest heartbeat heard; revocations up to it are known here. NaN before the first',
      collect() {
        this.set(age() ?? NaN);
      },
    });
  }

  /** @param at when the heartbeat was sent (ISO 8601) */
  hear(at: string): void {
    this.newest = Math.max(this.newest ?? 0, Date.parse(at));
  }

  /** Seconds, or undefined before the first heartbeat. */
  get staleness(): number | undefined {
    return this.newest === undefined ? undefined : Math.max(0, (Date.now() - this.newest) / 1000);
  }
}
