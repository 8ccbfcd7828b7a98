import { setTimeout as pause } from 'node:timers/promises';
import { query, type BenchSystem } from '../environment.js';

/** PostgreSQL publishes the statistics of an idle connection after 10 s. Milliseconds, with a margin. */
const statisticsDelay = 11_000;

/** Commits of each database so far, by name. A single statement outside a transaction is one commit, too. */
async function committed(bench: BenchSystem): Promise<Map<string, number>> {
  const rows = await query<{ name: string; commits: string }>(
    bench.system.databaseUrl('postgres'),
    'SELECT datname AS name, xact_commit AS commits FROM pg_stat_database WHERE datname IS NOT NULL',
  );
  return new Map(rows.map(({ name, commits }) => [name, Number(commits)]));
}

export interface CommitCount {
  total: number;
  byDatabase: Record<string, number>;
}

/** Commits of all databases while work runs. */
export async function commitsDuring(bench: BenchSystem, work: () => Promise<unknown>): Promise<CommitCount> {
  await pause(statisticsDelay);
  const before = await committed(bench);
  await work();
  await pause(statisticsDelay);
  const after = await committed(bench);
  const own = ['postgres', 'template1'];
  const entries = [...after]
    .filter(([name]) => !own.includes(name))
    .map(([name, count]): [string, number] => [name, count - (before.get(name) ?? 0)]);
  return {
    total: entries.reduce((sum, [, count]) => sum + count, 0),
    byDatabase: Object.fromEntries(entries),
  };
}

/**
 * Transactions of the cluster that wrote something so far. PostgreSQL gives a transaction its number with the
 * first write, also with a row lock.
 */
async function written(bench: BenchSystem): Promise<number> {
  const [row] = await query<{ next: string }>(
    bench.system.databaseUrl('postgres'),
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next',
  );
  return Number(row?.next);
}

/** Transactions a second that write in a system that nobody uses. */
export async function idleWrites(bench: BenchSystem, seconds: number): Promise<number> {
  const before = await written(bench);
  await pause(seconds * 1000);
  return ((await written(bench)) - before) / seconds;
}

/** Commits a second of a system that nobody uses, over some seconds. */
export async function idleCommits(bench: BenchSystem, seconds: number): Promise<CommitCount> {
  const startedAt = performance.now();
  const counted = await commitsDuring(bench, () => pause(seconds * 1000));
  // The waits before and after are idle, too. The wait before belongs to the first statistics.
  const measured = (performance.now() - startedAt - statisticsDelay) / 1000;
  return perUnit(counted, measured);
}

/** The commits of one request, without those of the idle system in the same time. */
export function perUnit(
  counted: CommitCount,
  units: number,
  idle?: { rate: CommitCount; seconds: number },
): CommitCount {
  const of = (name: string, count: number) =>
    (count - (idle?.rate.byDatabase[name] ?? 0) * (idle?.seconds ?? 0)) / units;
  const entries = Object.entries(counted.byDatabase).map(([name, count]): [string, number] => [
    name,
    Math.max(0, of(name, count)),
  ]);
  return {
    total: entries.reduce((sum, [, count]) => sum + count, 0),
    byDatabase: Object.fromEntries(entries),
  };
}
