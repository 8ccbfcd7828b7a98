import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { Gauge, register } from 'prom-client';
import { DataSource } from 'typeorm';

/**
 * `production_requests_waiting`, counted at each scrape. Every replica reports the same number: take the
 * maximum, not the sum.
 */
@Injectable()
export class WaitingRequests {
  constructor(source: DataSource) {
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
}
