import '@payer/service/tool-output';
import { migrate, runCommand } from '@payer/service';
import { readConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';

/** Brings the database up to date. @returns a line that says what was done */
export async function migrateDatabase(
  variables: Record<string, string | undefined> = process.env,
): Promise<string> {
  const done = await migrate(databaseOptions(readConfig(variables).DATABASE_URL));
  return `consent: ${done.length} migrations run`;
}

await runCommand(import.meta.url, 'consent: migrations', migrateDatabase);
