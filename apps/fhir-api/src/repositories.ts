import { openRepository, ReadReplicas, type Repository } from '@payer/fhir-store';
import type { Lifecycle, ReadinessCheck } from '@payer/service';
import type { Addresses, Environment } from '@payer/smart';
import type { Config } from './config.js';
import { perEnvironment, type PerEnvironment } from './environments.js';
import type { Fairness } from './fairness/fairness.js';
import { readTogether } from './metadata/read-together.js';
import type { Connections, Databases } from './open-databases.js';
import { ReplicaMetrics } from './replica-metrics.js';

/** The FHIR store of each environment. */
export interface Repositories {
  repositories: PerEnvironment<Repository>;
  /**
   * Report the lag of the read replicas at `/health/ready`. An unavailable replica never makes the service
   * "not ready".
   */
  checks: ReadinessCheck[];
}

/** Opens the store of each environment, with its read replicas if it has any. */
export function openRepositories(
  config: Config,
  addresses: Addresses,
  databases: Databases,
  fairness: Fairness,
  lifecycle: Lifecycle,
): Repositories {
  const replicated = new Map<Environment, ReadReplicas>();
  const repositories = perEnvironment(databases.served, (environment) => {
    const limits = fairness.searchLimits(config.DATABASE_POOL_SIZE);
    const on = (connections: Connections) => ({
      name: connections.name,
      url: connections.url,
      repository: openRepository({
        pool: connections.pool,
        reads: connections.reads,
        maxCombinedReads: connections.maxCombinedReads,
        quickSearches: connections.quickSearches,
        environment,
        baseUrl: addresses[environment].fhirBaseUrl,
        cursorKey: config.CURSOR_KEY,
        maxSearchCost: config.SEARCH_COST_MAX,
        limits,
        readTogether,
      }),
    });
    const primary = on(databases.primaries[environment]);
    const replicas = databases.replicas[environment];
    if (replicas.length === 0) return primary.repository;
    const reads = new ReadReplicas({
      primary,
      replicas: replicas.map(on),
      maxLag: config.READ_REPLICA_MAX_LAG_MS,
    });
    replicated.set(environment, reads);
    lifecycle.add(reads);
    return reads.repository;
  });
  new ReplicaMetrics(replicated);
  const checks = [...replicated].map(([environment, reads]) => ({
    name: `${environment} read replicas`,
    check: () =>
      Object.fromEntries(
        reads.states.map(({ name, lag, isFit, problem }) => [
          name,
          { isUsed: isFit, lagSeconds: Number.isFinite(lag) ? Math.round(lag) / 1000 : null, problem },
        ]),
      ),
  }));
  return { repositories, checks };
}
