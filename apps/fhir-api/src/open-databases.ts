import { watchPool } from '@payer/events';
import { BytesClient, PipelinedReads } from '@payer/fhir-store';
import type { RunningPart } from '@payer/service';
import type { Environment } from '@payer/smart';
import { Pool } from 'pg';
import type { Config } from './config.js';
import { databaseUrl } from './databases.js';
import { perEnvironment, type PerEnvironment } from './environments.js';

/** Connections to the databases of the environments that this process serves. */
export class Databases implements RunningPart {
  readonly pools: PerEnvironment<Pool>;
  /** Connections for reads by key: no read waits behind a search. */
  readonly reads: PerEnvironment<PipelinedReads>;
  readonly quickSearches: PerEnvironment<PipelinedReads>;

  constructor(private readonly config: Config) {
    const each = <T>(of: (url: string) => T) =>
      perEnvironment(config.ENVIRONMENTS, (environment) => of(databaseUrl(config, environment)));
    this.pools = each((url) => openPool(url, config.DATABASE_POOL_SIZE));
    for (const environment of this.served) watchPool(`${environment} database`, this.pools[environment]);
    this.reads = each((url) => new PipelinedReads(url));
    this.quickSearches = each((url) => new PipelinedReads(url));
  }

  get served(): readonly Environment[] {
    return this.config.ENVIRONMENTS;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.served.flatMap((name) => [
        this.reads[name].end(),
        this.quickSearches[name].end(),
        this.pools[name].end(),
      ]),
    );
  }
}

function openPool(connectionString: string, max: number): Pool {
  const pool = new Pool({
    Client: BytesClient,
    connectionString,
    max,
    application_name: 'fhir-api',
    connectionTimeoutMillis: 5000,
    query_timeout: 15_000,
    // Giving up does not end a statement: PostgreSQL has to.
    statement_timeout: 14_000,
    // A search has one processor at most: parallel workers and compiled plans would take those of other apps' reads,
    // and are for queries that take seconds.
    options: '-c max_parallel_workers_per_gather=0 -c jit=off',
    // Idle connections stay: their prepared statements are worth keeping.
    idleTimeoutMillis: 0,
  });
  // A connection that breaks while idle is replaced at its next use.
  pool.on('error', () => undefined);
  return pool;
}
