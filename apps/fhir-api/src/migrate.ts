import '@payer/service/tool-output';
import { loadConfig, migrateEvents, runCommand } from '@payer/service';
import { retentionVariables } from './access-log/access-retention.js';
import { databaseVariables, ownerVariables } from './databases.js';
import { migrateDatabases } from './migrations.js';

/** Migrates the environments' databases. @returns a line that reports the result */
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
