import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Pool } from 'pg';
import {
  check,
  dropVersions,
  dropWaiting,
  listRuns,
  listWaiting,
  load,
  type DataAgeRule,
  type LoadOptions,
  type LoadReport,
  recordRun,
  totalBytes,
  type SnapshotHeld,
  type SnapshotOptions,
} from '@payer/fhir-store/load';
import { dataAgeKinds, dataAgeTable, retentionTable, sensitiveCodes } from '@payer/smart';
import type { Arguments } from './arguments.js';
import { showBareCodes, showEnrichment } from './enrichment.js';
import { Progress, shareOf, showTypes } from './progress.js';
import { Refusals, showRefusals } from './refusals.js';

/** For fewer bytes, starting threads costs more than it saves. */
const smallBytes = 500_000;

function threadsFor(files: readonly string[]): number {
  if ((totalBytes(files) ?? Infinity) < smallBytes) return 0;
  return Math.max(1, Math.min(4, availableParallelism() - 1));
}

function snapshotOf(types: string[], percent: number): SnapshotOptions {
  const options = { types, limit: percent / 100, retention: retentionTable };
  if (!process.stdin.isTTY) return options;
  return {
    ...options,
    confirm: async ({ type, absent, stored }) => {
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      const answer = await terminal.question(`Delete ${absent} of ${stored} ${type}? [y/N] `);
      terminal.close();
      return /^y(es)?$/i.test(answer.trim());
    },
  };
}

const textOfHeld = (held: SnapshotHeld) =>
  held.because === 'refusals'
    ? 'Nothing was deleted, because some resources were refused: correct them, leave out those of types that this server does not have, and load the snapshot again.'
    : `Nothing was deleted: ${held.absent} of ${held.stored} ${held.type} are absent from the snapshot. If that is right, run it again with --snapshot-limit ${Math.ceil((100 * held.absent) / held.stored)}.`;

/** Says which absent resources stay, and by which clauses. */
function showKept(kept: number | undefined, types: readonly string[] = []): void {
  if (!kept) return;
  const rules = retentionTable.filter(({ type }) => types.includes(type)).map(({ rule }) => rule);
  console.log(`${kept} are absent from the snapshot and stay: the time of ${rules.join(', ')} is not over`);
}

function writeReport(file: string | undefined, report: object): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
}

const dataAgeRules: DataAgeRule[] = dataAgeKinds.map((kind) => ({ kind, ...dataAgeTable[kind] }));

const enrichmentOf = ({ codeTables, labelsCodes, ownSensitiveCodes }: Arguments) => ({
  ...(codeTables ? { codeTables } : {}),
  labelRules: labelsCodes ? [...sensitiveCodes, ...ownSensitiveCodes] : [],
});

/** Loads, and remembers the run with its end. */
async function loadAndRecord(pool: Pool, startedAt: Date, options: LoadOptions): Promise<LoadReport> {
  const { files } = options;
  const report = await load(options).catch(async (error: unknown) => {
    const problem = (error as Error).message;
    await recordRun(pool, startedAt, { files, problem }).catch(() => undefined);
    throw error;
  });
  await recordRun(pool, startedAt, { report });
  return report;
}

/** @returns the exit code */
export async function loadFiles(
  pool: Pool,
  baseUrl: string,
  given: Arguments,
  keepsVersions: boolean,
): Promise<number> {
  const { operands: files, bases, structure } = given;
  const startedAt = new Date();
  const progress = new Progress();
  const refusals = new Refusals(given.quarantine);
  try {
    const report = await loadAndRecord(pool, startedAt, {
      pool,
      baseUrl,
      ownBases: bases,
      structure,
      keepsVersions,
      files,
      threads: threadsFor(files),
      ...enrichmentOf(given),
      freshness: dataAgeRules,
      completeTo: given.completeTo,
      ...(given.snapshot ? { snapshot: snapshotOf(given.snapshot, given.snapshotLimit) } : {}),
      onRejected: refusals.add,
      onProgress: ({ read, bytes, totalBytes: total }) =>
        progress.show(read, total ? shareOf(bytes, total, `${(total / 1e6).toFixed(0)} MB`) : ''),
    });
    writeReport(given.report, report);
    showTypes(report.byType);
    showRefusals(report);
    showBareCodes(report.bareCodes);
    showKept(report.kept, given.snapshot);
    if (report.snapshotHeld) console.error(textOfHeld(report.snapshotHeld));
    showEnrichment(report, given);
    const { read, created, updated, unchanged, deleted, rejected, waiting, unresolved } = report;
    console.log(
      `${read} read in ${progress.seconds()} s (${progress.rate(read)}): ${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${rejected} rejected`,
    );
    if (waiting > 0)
      console.log(
        `${waiting} wait for a resource that they reference, because their owner is its owner; until then they are not served`,
      );
    if (unresolved > 0)
      console.log(`${unresolved} wait until each reference by identifier matches exactly one resource`);
    return rejected > 0 || report.snapshotHeld ? 1 : 0;
  } finally {
    refusals.close();
  }
}

/** @returns the exit code */
export async function checkFiles(baseUrl: string, given: Arguments): Promise<number> {
  const progress = new Progress();
  const refusals = new Refusals(given.quarantine);
  try {
    const report = await check({
      baseUrl,
      ownBases: given.bases,
      structure: given.structure,
      files: given.operands,
      ...enrichmentOf(given),
      onRejected: refusals.add,
    });
    writeReport(given.report, report);
    showRefusals(report);
    showBareCodes(report.bareCodes);
    console.log(`${report.read} checked in ${progress.seconds()} s: ${report.rejected} would be rejected`);
    return report.rejected > 0 || report.structure.length > 0 ? 1 : 0;
  } finally {
    refusals.close();
  }
}

/** @returns the exit code */
export async function showWaiting(pool: Pool): Promise<number> {
  const waiting = await listWaiting(pool);
  for (const { type, id, waitsFor } of waiting) console.log(`${type}/${id} waits for ${waitsFor.join(', ')}`);
  console.log(`${waiting.length} wait`);
  return 0;
}

/** Drops the versions that were replaced or deleted before a time. @returns the exit code */
export async function dropVersionsBefore(pool: Pool, before: Date): Promise<number> {
  console.log(`${await dropVersions(pool, before)} versions dropped`);
  return 0;
}

/** @param resources `Type/id` each; all that wait when there is none. @returns the exit code */
export async function dropWaitingOnes(pool: Pool, resources: string[]): Promise<number> {
  const waiting = new Set((await listWaiting(pool)).map(({ type, id }) => `${type}/${id}`));
  const unknown = resources.filter((name) => !waiting.has(name));
  if (unknown.length > 0) {
    console.error(`nothing dropped: ${unknown.join(', ')} does not wait; --waiting lists the ones that do`);
    return 2;
  }
  const dropped = await dropWaiting(pool, resources.length > 0 ? resources : undefined);
  console.log(`${dropped} dropped`);
  return 0;
}

/** @returns the exit code */
export async function showRuns(pool: Pool): Promise<number> {
  for (const { id, startedAt, isComplete, problem, files, counts } of await listRuns(pool)) {
    const { read = 0, created = 0, updated = 0, unchanged = 0, deleted = 0, rejected = 0 } = counts;
    const result = isComplete
      ? `${read} read: ${created} created, ${updated} updated, ${unchanged} unchanged, ${deleted} deleted, ${rejected} rejected`
      : `stopped: ${problem}`;
    const named = files.map(
      ({ name, sha256 }) => `${name}${sha256 ? ` (sha256 ${sha256.slice(0, 12)})` : ''}`,
    );
    console.log(`${id}  ${startedAt.toISOString()}  ${named.join(', ')}  ${result}`);
  }
  return 0;
}
