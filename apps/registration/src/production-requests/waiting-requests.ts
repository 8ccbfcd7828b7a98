import { rowsOf } from '@payer/service';
import { Gauge, register } from 'prom-client';
import type { DataSource } from 'typeorm';

/** `production_requests_waiting`, counted when scraped. Every replica says the same: take the maximum, not the sum. */
export function showWaitingRequests(source: DataSource): void {
  register.removeSingleMetric('production_requests_waiting');
  new Gauge({
    name: 'production_requests_waiting',
    help: 'Production requests that the platform team has not decided; NaN while the database is away',
    async collect() {
      const rows = await rowsOf<{ count: number }>(
        source,
        "SELECT count(*)::integer AS count FROM production_request WHERE status = 'pending'",
      ).catch(() => undefined);
      this.set(rows?.[0]?.count ?? NaN);
    },
  });
}
