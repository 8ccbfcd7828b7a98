import { unindexedParameters } from '@payer/fhir-store';
import type { Environment, DataAge } from '@payer/smart';
import type { Pool } from 'pg';
import { Gauge, register } from 'prom-client';
import type { PerEnvironment } from '../environments.js';
import { dataAgesOf } from './load-status.js';

/** Milliseconds for which an answer of the database counts: several collectors may ask. */
const cachedFor = 10_000;

interface Read {
  at: number;
  ages: Promise<readonly DataAge[]>;
}

/**
 * Reports how old the newest data of each kind is, how long until the time of its rule is over, and by how
 * many search parameters the data is not indexed yet.
 */
export class DataAgeMetrics {
  private readonly read = new Map<Environment, Read>();

  constructor(
    private readonly pools: PerEnvironment<Pool>,
    private readonly timeZone: string,
  ) {
    const names = ['fhir_data_age_seconds', 'fhir_data_due_seconds', 'fhir_unindexed_parameters'] as const;
    for (const name of names) register.removeSingleMetric(name);
    const report = async (set: (environment: Environment, one: DataAge) => void): Promise<void> => {
      for (const environment of Object.keys(this.pools) as Environment[])
        for (const one of await this.of(environment)) set(environment, one);
    };
    const labelNames = ['environment', 'kind', 'duty'] as const;
    new Gauge({
      name: names[0],
      help: 'Age of the newest data of a kind',
      labelNames,
      collect() {
        this.reset();
        return report((environment, { kind, duty, newest }) => {
          if (newest) this.set({ environment, kind, duty }, (Date.now() - Date.parse(newest)) / 1000);
        });
      },
    });
    new Gauge({
      name: names[1],
      help: 'Time until data decided after the newest data of a kind has to be available; negative when late',
      labelNames,
      collect() {
        this.reset();
        return report((environment, { kind, duty, due_at }) => {
          if (due_at) this.set({ environment, kind, duty }, (Date.parse(due_at) - Date.now()) / 1000);
        });
      },
    });
    new Gauge({
      name: names[2],
      help: 'Search parameters by which the stored resources are not indexed yet',
      labelNames: ['environment'],
      async collect() {
        this.reset();
        for (const [environment, pool] of Object.entries(pools)) {
          const unindexed = await unindexedParameters(pool).catch(() => undefined);
          if (unindexed) this.set({ environment }, unindexed.length);
        }
      },
    });
  }

  /** Without its database an environment has no value: the other metrics are still served. */
  private of(environment: Environment): Promise<readonly DataAge[]> {
    const known = this.read.get(environment);
    if (known && Date.now() - known.at < cachedFor) return known.ages;
    const ages = dataAgesOf(this.pools[environment], this.timeZone).catch(() => []);
    this.read.set(environment, { at: Date.now(), ages });
    return ages;
  }
}
