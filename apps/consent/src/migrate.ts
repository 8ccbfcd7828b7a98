import { reasonOf } from '@payer/events';
import { migrate } from '@payer/service';
import { readConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';

try {
  const done = await migrate(databaseOptions(readConfig().DATABASE_URL));
  console.log(`consent: ${done.length} migrations run`);
  process.exit(0);
} catch (error) {
  console.error(`consent: migrations failed: ${reasonOf(error)}`);
  process.exit(1);
}
