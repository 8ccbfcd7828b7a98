import 'reflect-metadata';
import { migrate } from '@payer/service';
import { readConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';

const applied = await migrate(databaseOptions(readConfig().DATABASE_URL));
process.stdout.write(
  `registration: ${applied.length ? `${applied.length} migrations applied` : 'database is up to date'}\n`,
);
