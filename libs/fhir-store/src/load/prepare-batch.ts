import { binaryType } from '../definitions/definitions.js';
import { StructureFindings } from '../structure/findings.js';
import type { Batch, ConditionalWork, Piece } from './batch.js';
import { conditionsIn, mayHoldConditions, type Resolutions } from './conditional-references.js';
import { BareCodes } from './code-names.js';
import { CodeNames, type CodeTables } from './code-tables.js';
import { NewestTimes, type DataAgeRule } from './data-age.js';
import { compact } from '../json/scan.js';
import { ChangedMatches } from './changed-matches.js';
import { keyOf as keyOfName, nameOf } from './keys.js';
import { LabelRules, type LabelRule } from './label-rules.js';
import { ownReferences } from './own-references.js';
import { prepareEntry, type EntrySettings, type PreparedEntry } from './prepare-entry.js';
import { documentsOf, type Document } from './read-documents.js';
import { refusal, type RefusedEntry } from './refusal.js';
import { Rows } from './rows.js';

/** What preparing depends on beside the resources. */
export interface PreparationSettings {
  /** FHIR base URL of the environment: its absolute references are local. */
  baseUrl: string;
  /** FHIR base URLs of the payer's own servers: their absolute references become local. */
  ownBases: readonly string[];
  /** Whether a resource is refused that does not fit R4's structure, or only counted. */
  structure: 'refuse' | 'count';
  /** Codes that make a resource sensitive. */
  labelRules: readonly LabelRule[];
  /** The plan's own names of codes and providers. */
  codeTables: CodeTables;
  /** Kinds of data whose newest time is noted. */
  freshness: readonly DataAgeRule[];
}

/** Settings that complete no resource and note no time. */
export const noEnrichment = { labelRules: [], codeTables: {}, freshness: [] } as const;

const nothingResolved: Resolutions = new Map();

/** Prepares a batch, unless it holds conditional references, which only the database can resolve. */
export function prepareUnlessConditional(
  pieces: Piece[],
  settings: PreparationSettings,
): Batch | ConditionalWork {
  const conditions = new Set<string>();
  const toLocal = ownReferences(settings.ownBases);
  for (const { bytes } of pieces) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (!mayHoldConditions(buffer)) continue;
    for (const condition of conditionsIn(toLocal(buffer.toString()))) conditions.add(condition);
  }
  return conditions.size > 0
    ? { conditions: [...conditions], pieces }
    : prepareBatch(pieces, settings, nothingResolved);
}

/**
 * Parses, checks and extracts, and makes rows. It needs no database, so several batches can be prepared at
 * once.
 * @param given what conditions match before the batch is stored. When the batch changes that, the resources
 * that refer by these conditions wait until it is stored.
 */
export function prepareBatch(
  pieces: readonly Piece[],
  settings: PreparationSettings,
  given: Resolutions,
): Batch {
  const changedMatches = new ChangedMatches(given);
  const batch = prepareOnce(pieces, settings, given, changedMatches);
  const { conditions } = changedMatches;
  if (conditions.size === 0) return batch;
  return prepareOnce(pieces, settings, given, new ChangedMatches(new Map()), conditions);
}

function prepareOnce(
  pieces: readonly Piece[],
  { baseUrl, ownBases, structure, labelRules, codeTables, freshness }: PreparationSettings,
  given: Resolutions,
  changedMatches: ChangedMatches,
  unsettled: ReadonlySet<string> = new Set(),
): Batch {
  const batch: Omit<Batch, 'rows' | 'findings' | 'bareCodes' | 'newest'> = {
    changes: [],
    rejected: [],
    read: 0,
    existing: [],
    labelled: 0,
  };
  // A Bundle that creates a resource on a condition resolves the condition for the Bundles after it.
  const resolutions = new Map(given);
  const findings = new StructureFindings();
  const [bare, newest] = [new BareCodes(), new NewestTimes(freshness)];
  const settings: EntrySettings = {
    baseUrl,
    resolutions,
    refusesStructure: structure === 'refuse',
    findings,
    labelRules: labelRulesOf(labelRules),
    names: codeNamesOf(codeTables),
    bare,
    newest,
  };
  const rows = new Rows(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const now = new Date().toISOString();
  for (const document of documentsOf(pieces, ownReferences(ownBases), resolutions, unsettled)) {
    batch.read += document.entries.length;
    const made = document.entries.map((entry) => ({ place: entry.place, ...prepareEntry(entry, settings) }));
    if (document.isWhole) refuseRepeated(made);
    batch.rejected.push(...refusedOf(document, made));
    const isRefused = document.isWhole && made.some((one) => 'reason' in one && one.spoils);
    forgetRefused(document, isRefused ? [] : made, resolutions);
    if (isRefused) continue;
    for (const one of made) {
      changedMatches.note(one);
      if ('prepared' in one && one.isLabelled) batch.labelled += 1;
      if ('reason' in one) continue;
      else if ('exists' in one) batch.existing.push(keyOfName(one.exists));
      else if ('deleted' in one) batch.changes.push({ ...one.deleted, isDeleted: true });
      else if ('binary' in one) batch.changes.push(rows.addBinary(one.binary, now));
      else if (one.conditions.length > 0) {
        const { type, id, patients } = one.prepared;
        const unresolved = { place: one.place, body: one.text, conditions: one.conditions, patients };
        batch.changes.push({ type, id, isDeleted: false, unresolved });
      } else batch.changes.push(rows.add(one.prepared, now));
    }
  }
  const counted = { findings: findings.all, bareCodes: bare.all, newest: newest.byKind };
  return { ...batch, ...counted, rows: rows.bytes() };
}

/** A resource that a Bundle would create and that is refused matches no condition of the Bundles after it. */
function forgetRefused(
  { created }: Document,
  made: readonly PreparedEntry[],
  resolutions: Map<string, readonly string[]>,
): void {
  if (!created || created.size === 0) return;
  const stored = new Set(made.flatMap((one) => ('prepared' in one ? nameOf(one.prepared) : [])));
  for (const [condition, name] of created) if (!stored.has(name)) resolutions.set(condition, []);
}

/* The rules and names of a load are the same for all of its batches. */
const labelRulesOf = memoized((rules: readonly LabelRule[]) => new LabelRules(rules));
const codeNamesOf = memoized((tables: CodeTables) =>
  Object.keys(tables).length > 0 ? new CodeNames(tables) : undefined,
);

function memoized<Given extends object, Made>(make: (given: Given) => Made): (given: Given) => Made {
  const made = new WeakMap<Given, { value: Made }>();
  return (given) => {
    let known = made.get(given);
    if (!known) made.set(given, (known = { value: make(given) }));
    return known.value;
  };
}

type Placed = PreparedEntry & { place: string };

/** The refused entries of a document: all of a transaction when one of them spoils it. */
function refusedOf({ isWhole, text }: Document, made: readonly Placed[]): RefusedEntry[] {
  const spoiling = isWhole ? made.find((one) => 'reason' in one && one.spoils) : undefined;
  const refused = made.flatMap((one): RefusedEntry[] => {
    const { place } = one;
    if ('reason' in one) {
      const { kind, reason, text: own } = one;
      // A type that is not served cannot be corrected.
      return [{ place, kind, reason, line: own && kind !== 'type-not-served' ? lineOf(own) : undefined }];
    }
    if (!spoiling) return [];
    const reason = `its transaction is refused as a whole, because of ${spoiling.place}`;
    return [{ place, ...refusal('transaction', reason), line: undefined }];
  });
  if (spoiling) for (const one of refused) one.line = one.place === spoiling.place ? lineOf(text) : undefined;
  return refused;
}

/** A document in one line. Of what is no JSON, too, so that it can be looked at. */
const lineOf = (text: string) => compact(text).replace(/[\r\n]+/g, ' ');

/** A resource can be in a transaction once (FHIR R4 §3.1.0.11.2). */
function refuseRepeated(made: Placed[]): void {
  const first = new Map<string, string>();
  for (const [i, one] of made.entries()) {
    if ('reason' in one || 'exists' in one) continue;
    const { type, id } = keyOf(one);
    const before = first.get(`${type}/${id}`);
    const { place } = one;
    if (before === undefined) first.set(`${type}/${id}`, place);
    else
      made[i] = {
        place,
        ...refusal('bundle', `${type}/${id} is also ${before}`),
        text: undefined,
        spoils: true,
      };
  }
}

function keyOf(one: Exclude<PreparedEntry, { reason: string } | { exists: string }>) {
  if ('deleted' in one) return one.deleted;
  return 'binary' in one ? { type: binaryType, id: one.binary.id } : one.prepared;
}
