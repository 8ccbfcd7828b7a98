import { environments } from '@payer/smart';
import { loadConfig, migrateEvents, runCommand } from '@payer/service';
import { retentionVariables } from './config.js';
import { databaseVariables, ownerVariables } from './databases.js';
import { migrateDatabases } from './service.js';

/** Brings the databases of both environments up to date. @returns a line that says what was done */
export async function migrateDatabase(
  variables: Record<string, string | undefined> = process.env,
): Promise<string> {
  const done = await migrateDatabases(
    loadConfig({ ...databaseVariables, ...ownerVariables, ...retentionVariables }, variables),
  );
  const lines = environments.map((name) => `${name}: ${done[name].length} migrations run`);
  return `fhir-api databases are up to date (${lines.join(', ')})${await migrateEvents(variables)}`;
}

await runCommand(import.meta.url, 'fhir-api: migration', migrateDatabase);
