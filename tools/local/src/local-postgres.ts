import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '@payer/postgres';
import { localPorts } from './services.js';
import { repositoryRoot } from './system.js';

/**
 * Starts the database server of npm start, which Ctrl-C has stopped together with the services.
 * @returns undefined when this is no local system
 */
export async function localPostgres() {
  const root = process.env.DATA_DIRECTORY ?? join(repositoryRoot, '.data');
  const isLocal = !process.env.DATABASE_URL && process.env.NODE_ENV !== 'production';
  if (!isLocal || !existsSync(root)) return undefined;
  const port = Number(process.env.POSTGRES_PORT ?? localPorts.postgres);
  return startPostgres({ dataDirectory: join(root, 'postgres'), port, useRunning: true });
}
