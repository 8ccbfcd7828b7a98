import { prepareBatch, prepareUnlessConditional } from './prepare-batch.js';
import { StructureFindings, type StructureFinding } from '../structure/findings.js';
import type { RefusalKind, RefusedEntry } from './refusal.js';
import { workOf, type ReadFile } from './sources.js';

export interface CheckReport {
  files: ReadFile[];
  read: number;
  rejected: number;
  rejectedByKind: Partial<Record<RefusalKind, number>>;
  /** Problems in the structure of resources by profile and element, the most frequent first. */
  structure: StructureFinding[];
}

export interface CheckOptions {
  baseUrl: string;
  ownBases?: readonly string[];
  structure?: 'refuse' | 'count';
  files: readonly string[];
  onRejected(place: string, reason: string, entry: RefusedEntry): void;
}

/**
 * Checks files as a load does, without a database: nothing is stored. References by identifier are not
 * resolved.
 * @throws Error when a file cannot be read
 */
export async function check({
  baseUrl,
  ownBases = [],
  structure = 'refuse',
  files,
  onRejected,
}: CheckOptions): Promise<CheckReport> {
  const report: CheckReport = { files: [], read: 0, rejected: 0, rejectedByKind: {}, structure: [] };
  const findings = new StructureFindings();
  const settings = { baseUrl, ownBases, structure };
  for await (const { pieces } of workOf(files, (file) => report.files.push(file))) {
    const prepared = prepareUnlessConditional(pieces, settings);
    const batch = 'conditions' in prepared ? prepareBatch(pieces, settings, new Map()) : prepared;
    report.read += batch.read;
    for (const entry of batch.rejected) {
      report.rejected += 1;
      report.rejectedByKind[entry.kind] = (report.rejectedByKind[entry.kind] ?? 0) + 1;
      onRejected(entry.place, entry.reason, entry);
    }
    for (const finding of batch.findings) findings.add(finding);
  }
  return { ...report, structure: findings.all };
}
