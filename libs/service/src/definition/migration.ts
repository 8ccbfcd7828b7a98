import { serviceDatabases, type FactOwner } from '@payer/smart';
import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import type { DatabaseOptions } from '../database/database.js';
import { migrateAs, migrateEvents, migrationUrl } from '../database/migration-step.js';

type Variables = Record<string, string | undefined>;

/**
 * Variables of the one database of a service. The migrations read these only, so they need no secret of the
 * service.
 */
export function ownDatabaseVariables(service: FactOwner) {
  const [database] = serviceDatabases[service].databases;
  return {
    DATABASE_URL: z.string().default(`postgres://postgres:postgres@localhost:54329/${database}`),
    /** The owner of the tables; the serving role when left out. */
    MIGRATION_DATABASE_URL: migrationUrl,
  };
}

/**
 * The `migrate` step of a service with one database.
 * @returns a function that brings the database and the event log up to date, and returns a line about the
 * result
 */
export function migrationOf(service: FactOwner, databaseOptions: (url: string) => DatabaseOptions) {
  return async (variables: Variables = process.env): Promise<string> => {
    const config = loadConfig(ownDatabaseVariables(service), variables);
    const done = await migrateAs(config.MIGRATION_DATABASE_URL, databaseOptions(config.DATABASE_URL));
    return `${service}: ${done.length} migrations run${await migrateEvents(variables)}`;
  };
}
