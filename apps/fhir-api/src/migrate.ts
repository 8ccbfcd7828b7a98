import '@payer/service/tool-output';
import { loadConfig, migrateEvents, runCommand } from '@payer/service';
import { retentionVariables } from './config.js';
import { databaseVariables, ownerVariables } from './databases.js';
import { migrateDatabases } from './migrations.js';

/** Brings the databases of the environments up to date. @returns a line that says what was done */
export async function migrateDatabase(
  variables: Record<string, string | undefined> = process.env,
): Promise<string> {
  const done = await migrateDatabases(
    loadConfig({ ...databaseVariables, ...ownerVariables, ...retentionVariables }, variables),
  );
  const lines = Object.entries(done).map(([name, run]) => `${name}: ${run.length} migrations run`);
  return `fhir-api databases are up to date (${lines.join(', ')})${await migrateEvents(variables)}`;
}

await runCommand(import.meta.url, 'fhir-api: migration', migrateDatabase);
