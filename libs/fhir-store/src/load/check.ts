import {
  noEnrichment,
  prepareBatch,
  prepareUnlessConditional,
  type PreparationSettings,
} from './prepare-batch.js';
import { StructureFindings, type StructureFinding } from '../structure/findings.js';
import { BareCodes, type BareCode } from './code-names.js';
import type { RefusalKind, RefusedEntry } from './refusal.js';
import { workOf, type ReadFile } from './sources.js';

export interface CheckReport {
  files: ReadFile[];
  read: number;
  rejected: number;
  rejectedByKind: Partial<Record<RefusalKind, number>>;
  /** Problems in the structure of resources by profile and element, the most frequent first. */
  structure: StructureFinding[];
  /** Codes without a display, the most frequent first. */
  bareCodes: BareCode[];
  /** Resources that would be labelled as sensitive by their codes. */
  labelled: number;
}

export interface CheckOptions extends Partial<Pick<PreparationSettings, 'labelRules' | 'codeTables'>> {
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
  labelRules = noEnrichment.labelRules,
  codeTables = noEnrichment.codeTables,
  onRejected,
}: CheckOptions): Promise<CheckReport> {
  const report: Omit<CheckReport, 'structure' | 'bareCodes'> = {
    files: [],
    read: 0,
    rejected: 0,
    rejectedByKind: {},
    labelled: 0,
  };
  const [findings, bare] = [new StructureFindings(), new BareCodes()];
  const settings = { baseUrl, ownBases, structure, labelRules, codeTables, freshness: [] };
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
    bare.addAll(batch.bareCodes);
    report.labelled += batch.labelled;
  }
  return { ...report, structure: findings.all, bareCodes: bare.all };
}
