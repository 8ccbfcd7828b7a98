import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { watchPool } from '@payer/events';
import { Client, type Pool } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DynamicModule } from '@nestjs/common';
import { databaseTimeouts } from './database-timeouts.js';
import { grantRights, type TableRights } from './table-rights.js';
import type { VerifyConnection } from './database-guard.js';

/** Entities and migrations are listed as classes, never found by file name. */
export interface DatabaseOptions {
  url: string;
  entities?: Extract<DataSourceOptions, { type: 'postgres' }>['entities'];
  migrations: Extract<DataSourceOptions, { type: 'postgres' }>['migrations'];
  poolSize?: number;
  /** Rights of the serving role on the tables that differ from the default. */
  rights?: TableRights;
  /** Checks each new connection of the service, but not of its migrations. */
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

/** The service's database as a NestJS module. Migrations run in the service's `migrate` step, not here. */
export function databaseModule(options: DatabaseOptions): DynamicModule {
  return {
    module: DatabaseModule,
    imports: [
      TypeOrmModule.forRoot({
        ...dataSourceOptions(options),
        extra: {
          ...databaseTimeouts,
          keepAlive: true,
          ...(options.verify ? { verify: options.verify } : {}),
        },
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
 * Brings a database up to date and grants the serving role its rights. Safe to run from several processes at
 * once: one works, and the others wait and find nothing to do.
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
 * Whether the database accepts writes now. A server that has become a standby answers but refuses writes.
 * Uses a new connection, because pooled connections may date from before an outage.
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
