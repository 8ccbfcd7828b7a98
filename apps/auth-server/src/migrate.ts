import '@payer/service/tool-output';
import { migrationOf, runCommand } from '@payer/service';
import { databaseOptions } from './database/database-options.js';

/** Brings the database up to date. @returns a line that says what was done */
export const migrateDatabase = migrationOf('auth-server', databaseOptions);

await runCommand(import.meta.url, 'auth-server: migrations', migrateDatabase);
