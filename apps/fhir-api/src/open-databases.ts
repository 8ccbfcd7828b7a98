import { watchPool } from '@payer/events';
import { BytesClient, PipelinedReads, plannedOnce } from '@payer/fhir-store';
import { openPool } from '@payer/fhir-store/pool';
import { databaseTimeouts, isTracing, recordStatements, type RunningPart } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Pool } from 'pg';
import type { Config } from './config.js';
import { databaseUrl, readUrls } from './databases.js';
import { perEnvironment, type PerEnvironment } from './environments.js';

/** Connections to one PostgreSQL server. */
export class Connections {
  /** Host and port, for logs and metrics. */
  readonly name: string;
  readonly pool: Pool;
  /** Connections for reads by key, so that no read waits behind a search. */
  readonly reads: PipelinedReads;
  /** A traced read has its own statement, so that its trace shows it. */
  readonly maxCombinedReads = isTracing() ? 1 : undefined;
  readonly quickSearches: PipelinedReads;

  constructor(
    readonly url: string,
    poolSize: number,
  ) {
    this.name = new URL(url).host;
    this.pool = openConnections(url, poolSize);
    this.reads = recordStatements(new PipelinedReads(url, plannedOnce));
    this.quickSearches = recordStatements(new PipelinedReads(url));
  }

  async end(): Promise<void> {
    await Promise.all([this.reads.end(), this.quickSearches.end(), this.pool.end()]);
  }
}

/** Connections to the databases of the environments that this process serves. */
export class Databases implements RunningPart {
  readonly primaries: PerEnvironment<Connections>;
  /** Streaming replicas, which answer only reads and searches. */
  readonly replicas: PerEnvironment<readonly Connections[]>;

  constructor(private readonly config: Config) {
    const { ENVIRONMENTS, DATABASE_POOL_SIZE } = config;
    const open = (url: string) => new Connections(url, DATABASE_POOL_SIZE);
    this.primaries = perEnvironment(ENVIRONMENTS, (name) => open(databaseUrl(config, name)));
    this.replicas = perEnvironment(ENVIRONMENTS, (name) => readUrls(config, name).map(open));
    for (const name of ENVIRONMENTS) {
      watchPool(`${name} database`, this.primaries[name].pool);
      for (const replica of this.replicas[name]) watchPool(`${name} replica ${replica.name}`, replica.pool);
    }
  }

  get served(): readonly Environment[] {
    return this.config.ENVIRONMENTS;
  }

  /** The pools of the primaries, for all writes and for the facts of access decisions. */
  get pools(): PerEnvironment<Pool> {
    return perEnvironment(this.served, (name) => this.primaries[name].pool);
  }

  async stop(): Promise<void> {
    const all = this.served.flatMap((name) => [this.primaries[name], ...this.replicas[name]]);
    await Promise.all(all.map((connections) => connections.end()));
  }
}

function openConnections(connectionString: string, max: number): Pool {
  return openPool({
    Client: BytesClient,
    connectionString,
    max,
    application_name: 'fhir-api',
    ...databaseTimeouts,
    // A search uses at most one processor. Parallel workers and compiled plans help queries that take
    // seconds, and would take processors from other apps' reads.
    options: '-c max_parallel_workers_per_gather=0 -c jit=off',
    // Idle connections stay open, because their prepared statements are worth keeping.
    idleTimeoutMillis: 0,
  });
}
