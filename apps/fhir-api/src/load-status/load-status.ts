import { listDataAges, listRuns, type LoadRun, type StoredDataAge } from '@payer/fhir-store/load';
import {
  dueAt,
  dataAgeKinds,
  dataAgeTable,
  type Environment,
  type DataAge,
  type LoadStatus,
} from '@payer/smart';
import type { Pool } from 'pg';

/** Runs in an answer. */
const shownRuns = 100;

/** The age of each kind of data, and the latest loads, for the platform team. */
export async function loadStatusOf(
  pool: Pool,
  environment: Environment,
  timeZone: string,
): Promise<LoadStatus> {
  const [ages, runs] = await Promise.all([dataAgesOf(pool, timeZone), listRuns(pool, shownRuns)]);
  return { environment, freshness: ages, runs: runs.map(runOf) };
}

/** The age of each kind of data against the time that its rule gives. */
export async function dataAgesOf(pool: Pool, timeZone: string): Promise<DataAge[]> {
  const stored = new Map((await listDataAges(pool)).map((row) => [row.kind, row]));
  return dataAgeKinds.map((kind) => {
    const { duty, rule } = dataAgeTable[kind];
    const row = stored.get(kind);
    const newest = row && laterOf(row);
    return {
      kind,
      duty,
      rule,
      newest: newest?.toISOString() ?? null,
      declared: row?.completeTo !== undefined && row.completeTo !== null && newest === row.completeTo,
      due_at: newest ? dueAt(kind, newest, timeZone).toISOString() : null,
      loaded_at: row?.loadedAt.toISOString() ?? null,
    };
  });
}

/** The data is complete to the declared time, or as new as its newest resource. */
function laterOf({ newest, completeTo }: StoredDataAge): Date | undefined {
  if (newest && completeTo) return completeTo >= newest ? completeTo : newest;
  return completeTo ?? newest ?? undefined;
}

function runOf({
  id,
  startedAt,
  endedAt,
  isComplete,
  problem,
  files,
  counts,
}: LoadRun): LoadStatus['runs'][number] {
  const { read = 0, created = 0, updated = 0, unchanged = 0, deleted = 0, rejected = 0 } = counts;
  return {
    id,
    started_at: startedAt.toISOString(),
    ended_at: endedAt.toISOString(),
    complete: isComplete,
    problem,
    files,
    counts: { read, created, updated, unchanged, deleted, rejected },
    rejected_by_kind: counts.rejectedByKind ?? {},
    by_type: counts.byType ?? {},
    bare_codes: counts.bareBySystem ?? {},
  };
}
