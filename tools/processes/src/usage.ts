import { readFileSync } from 'node:fs';

/* The use of processor and memory by a process, from /proc (Linux). */

/** The kernel counts processor time in hundredths of a second (`USER_HZ`). */
const ticksPerSecond = 100;

/** Milliseconds of processor time that a process has used so far. */
export function processorTime(pid: number): number {
  const [user, system] = ticksOf(pid);
  return inMilliseconds(user + system);
}

/**
 * Milliseconds of processor time that a process and its children have used so far, also the children that
 * have ended. A child is left out between its end and the moment when the process notices it.
 */
export function processorTimeOfTree(pid: number): number {
  const own = inMilliseconds(ticksOf(pid).reduce((sum, ticks) => sum + ticks, 0));
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === ''
    ? own
    : children.split(' ').reduce((sum, child) => sum + timeUnlessEnded(Number(child)), own);
}

/** Milliseconds of processor time that the children of this process used which have ended. */
export function processorTimeOfEndedChildren(): number {
  const [, , user, system] = ticksOf(process.pid);
  return inMilliseconds(user + system);
}

function timeUnlessEnded(pid: number): number {
  try {
    return processorTime(pid);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}

/** `utime` and `stime`, and both of the children that have ended: fields 14 to 17 (proc(5)). */
function ticksOf(pid: number): [user: number, system: number, childUser: number, childSystem: number] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[11]), Number(fields[12]), Number(fields[13]), Number(fields[14])];
}

const inMilliseconds = (ticks: number) => (ticks * 1000) / ticksPerSecond;

/** Resident memory of a process, current and peak, in MiB. */
export function residentMemory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}
