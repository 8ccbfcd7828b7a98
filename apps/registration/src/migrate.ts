import 'reflect-metadata';
import { reasonOf } from '@payer/events';
import { migrate } from '@payer/service';
import { readConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';

try {
  const applied = await migrate(databaseOptions(readConfig().DATABASE_URL));
  process.stdout.write(
    `registration: ${applied.length ? `${applied.length} migrations applied` : 'database is up to date'}\n`,
  );
} catch (error) {
  process.stderr.write(`registration: migrations failed: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}
