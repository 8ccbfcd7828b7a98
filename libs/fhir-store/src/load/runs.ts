import type { Pool } from 'pg';
import { bareBySystem } from './code-names.js';
import type { LoadReport } from './load.js';
import type { ReadFile } from './sources.js';

/** A load, as the database remembers it. */
export interface LoadRun {
  id: number;
  startedAt: Date;
  endedAt: Date;
  /** Whether it came to its end. */
  isComplete: boolean;
  /** Why it stopped before. */
  problem: string | null;
  files: ReadFile[];
  /** The numbers of its report. */
  counts: Partial<Counts>;
}

type Counts = Pick<
  LoadReport,
  | 'read'
  | 'created'
  | 'updated'
  | 'unchanged'
  | 'deleted'
  | 'rejected'
  | 'rejectedByKind'
  | 'byType'
  | 'labelled'
  | 'named'
  | 'unnamed'
> & {
  /** Number of codings without a display, by code system. */
  bareBySystem: Record<string, number>;
};

/** Remembers a load. File names and numbers only: a refusal's reason may quote a resource. */
export async function recordRun(
  pool: Pool,
  startedAt: Date,
  result: { report: LoadReport } | { files: readonly string[]; problem: string },
): Promise<void> {
  const isComplete = 'report' in result;
  const files = isComplete ? result.report.files : result.files.map((name) => ({ name }));
  await pool.query(
    `INSERT INTO load_run (started_at, ended_at, is_complete, problem, files, counts)
     VALUES ($1, now(), $2, $3, $4, $5)`,
    [
      startedAt,
      isComplete,
      isComplete ? null : result.problem,
      JSON.stringify(files),
      JSON.stringify(isComplete ? countsOf(result.report) : {}),
    ],
  );
}

const countsOf = (report: LoadReport): Counts => {
  const { read, created, updated, unchanged, deleted, rejected, rejectedByKind, byType } = report;
  const { labelled, named, unnamed, bareCodes } = report;
  const changed = { read, created, updated, unchanged, deleted, rejected, rejectedByKind, byType };
  return { ...changed, labelled, named, unnamed, bareBySystem: bareBySystem(bareCodes) };
};

/** The latest loads first. */
export async function listRuns(pool: Pool, limit = 50): Promise<LoadRun[]> {
  const { rows } = await pool.query<LoadRun>(
    `SELECT id::int, started_at AS "startedAt", ended_at AS "endedAt", is_complete AS "isComplete", problem, files,
       counts
     FROM load_run ORDER BY load_run.id DESC LIMIT $1`,
    [limit],
  );
  return rows;
}
