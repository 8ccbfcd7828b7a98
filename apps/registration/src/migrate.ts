import '@payer/service/tool-output';
import 'reflect-metadata';
import { loadConfig, migrateAs, migrateEvents, runCommand } from '@payer/service';
import { migrationVariables } from './config.js';
import { databaseOptions } from './database/database-options.js';

/** Brings the database up to date. @returns a line that says what was done */
export async function migrateDatabase(
  variables: Record<string, string | undefined> = process.env,
): Promise<string> {
  const config = loadConfig(migrationVariables, variables);
  const done = await migrateAs(config.MIGRATION_DATABASE_URL, databaseOptions(config.DATABASE_URL));
  return `registration: ${done.length} migrations run${await migrateEvents(variables)}`;
}

await runCommand(import.meta.url, 'registration: migrations', migrateDatabase);
