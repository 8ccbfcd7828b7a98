import { Injectable } from '@nestjs/common';
import { counter, rowsOf } from '@payer/service';
import { environments, grantEndReasons, type Environment, type GrantState } from '@payer/smart';
import { Gauge, register } from 'prom-client';
import { DataSource } from 'typeorm';

const decisions = counter(
  'consent_decisions_total',
  "Members' answers at the consent screen, and requests that a standing grant answered",
  ['environment', 'decision'],
);

const ended = counter('grants_ended_total', 'Grants that ended, and why', ['environment', 'reason']);
// Start at 0: an alarm looks at the increase, and a series that begins with 1 shows none.
for (const environment of environments)
  for (const reason of grantEndReasons) ended.inc({ environment, reason }, 0);

export function countDecision(environment: Environment, decision: 'allow' | 'deny' | 'remembered'): void {
  decisions.inc({ environment, decision });
}

export function countEnded(
  environment: Environment,
  reason: NonNullable<GrantState['revoked_reason']>,
): void {
  ended.inc({ environment, reason });
}

/**
 * `grants_active`, counted at each scrape. Every replica reports the same number: take the maximum, not the
 * sum.
 */
@Injectable()
export class ActiveGrants {
  constructor(source: DataSource) {
    register.removeSingleMetric('grants_active');
    new Gauge({
      name: 'grants_active',
      help: 'Grants that live now; NaN while the database is away',
      labelNames: ['environment'],
      async collect() {
        const rows = await rowsOf<{ environment: Environment; count: number }>(
          source,
          "SELECT environment, count(*)::integer AS count FROM app_grant WHERE status = 'active' GROUP BY environment",
        ).catch(() => undefined);
        for (const environment of environments) {
          const found = rows?.find((row) => row.environment === environment)?.count ?? 0;
          this.set({ environment }, rows ? found : NaN);
        }
      },
    });
  }
}
