import { reasonOf } from '@payer/events';
import { environments } from '@payer/smart';
import { loadConfig } from '@payer/service';
import { retentionVariables } from './config.js';
import { databaseVariables } from './databases.js';
import { migrateDatabases } from './service.js';

/** Brings the databases of both environments up to date, and exits. */
try {
  const done = await migrateDatabases(loadConfig({ ...databaseVariables, ...retentionVariables }));
  const lines = environments.map((name) => `${name}: ${done[name].length} migrations run`);
  process.stdout.write(`fhir-api databases are up to date (${lines.join(', ')})\n`);
} catch (error) {
  process.stderr.write(`fhir-api: migration failed: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}
