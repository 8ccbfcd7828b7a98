import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { watchPool } from '@payer/events';
import { Client, type Pool } from 'pg';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import type { DynamicModule } from '@nestjs/common';
import { grantRights, type TableRights } from './rights.js';
import type { VerifyConnection } from './database-guard.js';

/** Entities are classes, migrations are classes; both are listed, never found by file name. */
export interface DatabaseOptions {
  url: string;
  entities?: Extract<DataSourceOptions, { type: 'postgres' }>['entities'];
  migrations: Extract<DataSourceOptions, { type: 'postgres' }>['migrations'];
  poolSize?: number;
  /** What the serving role may do with the tables, beside the usual. */
  rights?: TableRights;
  /** Judges each new connection of the service (not of its migrations). */
  verify?: VerifyConnection;
}

function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    url: options.url,
    entities: options.entities ?? [],
    migrations: options.migrations,
    migrationsTransactionMode: 'each',
    synchronize: false,
    poolSize: options.poolSize ?? 10,
  };
}

/**
 * Milliseconds. A database that does not answer must not hold requests: they fail, and are answered with 503. PostgreSQL ends
 * what takes too long before the client gives up, for giving up ends no statement.
 */
const servingTimeouts = {
  connectionTimeoutMillis: 5000,
  statement_timeout: 14_000,
  query_timeout: 15_000,
  keepAlive: true,
};

/** The service's database as a NestJS module; migrations are not run here but by the service's `migrate` step. */
export function databaseModule(options: DatabaseOptions): DynamicModule {
  return {
    module: DatabaseModule,
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptions(options),
        extra: { ...servingTimeouts, ...(options.verify ? { verify: options.verify } : {}) },
        retryAttempts: 20,
        retryDelay: 500,
      }),
    ],
  };
}

@Module({})
class DatabaseModule {
  constructor(source: DataSource) {
    watchPool('database', (source.driver as unknown as { master: Pool }).master);
  }
}

/**
 * Brings a database up to date, and gives the role that serves its rights. Safe to run from several processes at once: the
 * others wait, then find nothing to do.
 */
export async function migrate(options: DatabaseOptions, servingRole?: string): Promise<string[]> {
  const source = new DataSource(dataSourceOptions({ ...options, poolSize: 2 }));
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock(7002)');
    const done = (await source.runMigrations()).map((migration) => migration.name);
    if (servingRole) await grantRights(source, servingRole, options.rights ?? {});
    return done;
  } finally {
    await lock.query('SELECT pg_advisory_unlock(7002)').catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}

/**
 * Whether what a service writes can be written now. A server that has become a standby answers, too, and refuses. Asked over a
 * connection of its own: those of a pool may be left from before the database went away.
 */
export async function databaseTakesWrites(url: string): Promise<boolean> {
  const client = new Client({
    connectionString: url,
    application_name: 'database-takes-writes',
    connectionTimeoutMillis: 3000,
    query_timeout: 3000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ is: boolean }>(
      "SELECT current_setting('transaction_read_only') = 'off' AS is",
    );
    return rows[0]?.is === true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What the small stores of this library need: a data source, or the manager of the transaction they take part in. */
export type Queryable = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

/** Rows of a query; typed by the caller, who wrote the columns. */
export async function rowsOf<Row>(db: Queryable, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const result: unknown = await db.query(sql, parameters);
  // TypeORM answers UPDATE and DELETE with [rows, count].
  if (
    Array.isArray(result) &&
    result.length === 2 &&
    Array.isArray(result[0]) &&
    typeof result[1] === 'number'
  )
    return result[0] as Row[];
  return result as Row[];
}
