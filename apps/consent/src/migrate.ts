import '@payer/service/tool-output';
import { migrationOf, runCommand } from '@payer/service';
import { databaseOptions } from './database/database-options.js';

/** Migrates the database. @returns a line that reports the result */
export const migrateDatabase = migrationOf('consent', databaseOptions);

await runCommand(import.meta.url, 'consent: migrations', migrateDatabase);
