import { register } from 'prom-client';
import { environments, resourceTypes, type Environment } from '@payer/smart';
import type { Interaction } from './interaction.js';

const kinds = ['read', 'search', 'capabilities', 'smart-configuration', 'options'] as const;
const statusClasses = ['2xx', '3xx', '4xx', '5xx'] as const;
const perKind = statusClasses.length;
const perType = kinds.length * perKind;

/**
 * `fhir_interactions_total`: what was asked of which environment, and how it was answered. A count is an addition in an
 * array made beforehand; labels are written when scraped.
 */
export class InteractionMetrics {
  readonly name = 'fhir_interactions_total';
  readonly help = 'FHIR interactions answered; resource_type is "-" where the interaction has none';
  readonly type = 'counter';
  readonly aggregator = 'sum';
  private readonly types = new Map(['-', ...resourceTypes].map((type, place) => [type, place * perType]));
  private readonly counts: Record<Environment, Float64Array>;

  constructor() {
    const none = () => new Float64Array(this.types.size * perType);
    this.counts = { sandbox: none(), production: none() };
    register.removeSingleMetric(this.name);
    register.registerMetric(this as never);
  }

  count(environment: Environment, interaction: Interaction, status: number): void {
    const type = interaction.kind === 'read' || interaction.kind === 'search' ? interaction.type : '-';
    const place = this.types.get(type);
    if (place === undefined) return;
    const statusClass = Math.min(Math.max(Math.floor(status / 100) - 2, 0), perKind - 1);
    this.counts[environment][place + kinds.indexOf(interaction.kind) * perKind + statusClass]! += 1;
  }

  /** As prom-client's registry asks for it. */
  get() {
    const values = environments.flatMap((environment) =>
      [...this.types].flatMap(([resource_type, place]) =>
        kinds.flatMap((interaction, kind) =>
          statusClasses.flatMap((status_class, statusClass) => {
            const value = this.counts[environment][place + kind * perKind + statusClass]!;
            return value > 0
              ? [{ labels: { environment, interaction, resource_type, status_class }, value }]
              : [];
          }),
        ),
      ),
    );
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }

  reset(): void {
    for (const environment of environments) this.counts[environment].fill(0);
  }
}
