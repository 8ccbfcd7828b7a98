import { DataSource, type MigrationInterface } from 'typeorm';
import { storeMigrations } from './store-migrations.js';

/** Any number; programs that migrate one database at once wait for each other. */
const migrationLock = 7002;

/**
 * Creates the tables of a store in a database, or brings them up to date.
 * @param url of the database, as its owner
 * @param migrations all of them, or the first ones for a test
 * @returns names of the migrations that were run
 */
export async function createSchema(
  url: string,
  migrations: readonly (new () => MigrationInterface)[] = storeMigrations,
): Promise<string[]> {
  const source = new DataSource({ type: 'postgres', url, migrations: [...migrations], poolSize: 2 });
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    return (await source.runMigrations()).map(({ name }) => name);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}
