import { Counter, register } from 'prom-client';
import type { Environment } from '@payer/smart';
import type { Interaction } from './interaction.js';

const labelNames = ['environment', 'interaction', 'resource_type', 'status_class'] as const;
type Labels = Record<(typeof labelNames)[number], string>;

/**
 * `fhir_interactions_total`: requests by environment, interaction and status. A request increments a number
 * in a map. A scrape copies the numbers into the counter, because a counter with four labels costs a request
 * more.
 */
export class InteractionMetrics {
  private readonly counts = new Map<string, { labels: Labels; count: number }>();

  constructor() {
    const name = 'fhir_interactions_total';
    const { counts } = this;
    register.removeSingleMetric(name);
    new Counter({
      name,
      help: 'FHIR interactions answered; resource_type is "-" where the interaction has none',
      labelNames,
      collect() {
        for (const { labels, count } of counts.values()) this.inc(labels, count);
        for (const entry of counts.values()) entry.count = 0;
      },
    });
  }

  count(environment: Environment, interaction: Interaction, status: number): void {
    const resource_type = 'type' in interaction ? interaction.type : '-';
    const statusClass = Math.min(Math.max(Math.floor(status / 100), 2), 5);
    const key = `${environment} ${interaction.kind} ${resource_type} ${statusClass}`;
    const known = this.counts.get(key);
    if (known) known.count += 1;
    else {
      const labels = {
        environment,
        interaction: interaction.kind,
        resource_type,
        status_class: `${statusClass}xx`,
      };
      this.counts.set(key, { labels, count: 1 });
    }
  }
}
