import { processorTime, processorTimeOfTree } from '@payer/processes';
import { query } from './environment.js';

/** Milliseconds of processor time that a process and all sessions of a database have used so far (Linux). */
export async function processorTimeWith(pid: number, database: string): Promise<number> {
  const sessions = await query<{ pid: number }>(
    database,
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return [pid, ...sessions.map((session) => session.pid)]
    .map(processorTime)
    .reduce((sum, time) => sum + time, 0);
}

/**
 * Milliseconds of processor time that a server of PostgreSQL has used so far, with all of its processes, also
 * those that have ended (Linux).
 */
export async function processorTimeOfPostgres(database: string): Promise<number> {
  const [row] = await query<{ file: string }>(database, `SELECT pg_read_file('postmaster.pid') AS file`);
  return processorTimeOfTree(Number(row!.file.split('\n', 1)[0]));
}
