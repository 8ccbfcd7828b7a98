import { processorTime } from '@payer/processes';
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
