import { migrate } from '@payer/service';
import { databaseOptions } from '../database/database-options.js';

/** The database as the migrations make it. They run once for all test files of a process. */
export const migrated = { name: 'consent', prepare: (url: string) => migrate(databaseOptions(url)) };
