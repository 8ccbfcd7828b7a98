import { readFileSync } from 'node:fs';
import { query } from './environment.js';

/** The kernel counts processor time in hundredths of a second (`USER_HZ`). */
const ticksPerSecond = 100;

/** Milliseconds of processor time that a process and all sessions of a database have used so far (Linux). */
export async function processorTime(pid: number, database: string): Promise<number> {
  const sessions = await query<{ pid: number }>(
    database,
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return [pid, ...sessions.map((session) => session.pid)].map(ofProcess).reduce((sum, time) => sum + time, 0);
}

function ofProcess(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain spaces. Fields 14 and 15 are utime and stime (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}
