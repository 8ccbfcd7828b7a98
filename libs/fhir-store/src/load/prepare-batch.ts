import { isUtf8 } from 'node:buffer';
import type { Batch, ConditionalWork, Piece } from './batch.js';
import { contentOfBundle, type Entry } from './bundle.js';
import {
  conditionsIn,
  mayHoldConditions,
  unresolvedIn,
  withResolved,
  type Resolutions,
} from './conditional-references.js';
import { ownReferences } from './own-references.js';
import { binaryType } from '../definitions/definitions.js';
import { prepareBinary, type PreparedBinary } from './prepare-binary.js';
import { prepare, refusedType, type Prepared } from './prepare.js';
import { Rows } from './rows.js';

type Json = Record<string, unknown>;

interface Found {
  entries: (Entry & { parsed?: Json })[];
  isWhole: boolean;
}

/** What preparing depends on beside the resources. */
export interface PreparationSettings {
  /** FHIR base URL of the environment: its absolute references are local. */
  baseUrl: string;
  /** FHIR base URLs of the payer's own servers: their absolute references become local. */
  ownBases: readonly string[];
}

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
 */
export function prepareBatch(
  pieces: readonly Piece[],
  { baseUrl, ownBases }: PreparationSettings,
  given: Resolutions,
): Batch {
  const batch: Omit<Batch, 'rows'> = { changes: [], rejected: [], read: 0, existing: 0 };
  // A Bundle that creates a resource on a condition resolves the condition for the Bundles after it.
  const resolutions = new Map(given);
  const toLocal = ownReferences(ownBases);
  const rows = new Rows(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const now = new Date().toISOString();
  for (const { place, text, isFromArchive } of documentsOf(pieces)) {
    const found = entriesOf(place, text && toLocal(text), isFromArchive, resolutions);
    if (!found) continue;
    batch.read += found.entries.length;
    const made = found.entries.map((entry) => ({
      place: entry.place,
      ...preparedEntry(entry, baseUrl, resolutions),
    }));
    if (found.isWhole) refuseRepeated(made);
    const spoiling = found.isWhole ? made.find((one) => 'reason' in one && one.spoils) : undefined;
    for (const one of made)
      if ('reason' in one) batch.rejected.push({ place: one.place, reason: one.reason });
      else if (spoiling)
        batch.rejected.push({
          place: one.place,
          reason: `its transaction is refused as a whole, because of ${spoiling.place}`,
        });
      else if ('exists' in one) batch.existing += 1;
      else if ('deleted' in one) batch.changes.push({ ...one.deleted, isDeleted: true });
      else if ('binary' in one) batch.changes.push(rows.addBinary(one.binary, now));
      else if (one.conditions.length > 0) {
        const { type, id } = one.prepared;
        const unresolved = { place: one.place, body: one.text, conditions: one.conditions };
        batch.changes.push({ type, id, isDeleted: false, unresolved });
      } else batch.changes.push(rows.add(one.prepared, now));
  }
  return { ...batch, rows: rows.bytes() };
}

/** Resources and Bundles; `text` is undefined when the bytes are not UTF-8. */
function* documentsOf(pieces: readonly Piece[]) {
  for (const { file, firstLine, bytes, isFromArchive } of pieces) {
    if (firstLine === undefined) {
      yield { place: file, text: textOf(bytes), isFromArchive };
      continue;
    }
    let line = firstLine;
    for (const text of linesOf(bytes)) {
      if (text?.trim() !== '') yield { place: `${file}:${line}`, text, isFromArchive: false };
      line += 1;
    }
  }
}

const textOf = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : undefined;

function* linesOf(bytes: Uint8Array): Generator<string | undefined> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const isText = isUtf8(buffer);
  for (let start = 0; start < buffer.length;) {
    const newline = buffer.indexOf('\n', start);
    const end = newline === -1 ? buffer.length : newline;
    // Line by line: one character beyond Latin-1 makes the whole decoded text take two bytes per character,
    // and twice the time.
    yield isText ? buffer.toString('utf8', start, end) : textOf(buffer.subarray(start, end));
    start = end + 1;
  }
}

const byteOrderMark = '\uFEFF';

const beginsAsBundle = /^\s*\{[^{}]*?"resourceType"\s*:\s*"Bundle"/;

/** @returns undefined for a file in an archive that is no resource: it is skipped silently */
function entriesOf(
  place: string,
  given: string | undefined,
  isFromArchive: boolean,
  resolutions: Map<string, readonly string[]>,
): Found | undefined {
  if (given === undefined) return { entries: [{ place, reason: 'is not UTF-8' }], isWhole: false };
  const text = withResolved(given.startsWith(byteOrderMark) ? given.slice(1) : given, resolutions);
  try {
    // A Bundle is not parsed as a whole: it may be large.
    if (beginsAsBundle.test(text)) return bundleEntries(place, text, resolutions);
    const parsed = objectOf(text);
    if (parsed && parsed.resourceType === undefined && isFromArchive) return undefined;
    if (parsed?.resourceType === 'Bundle') return bundleEntries(place, text, resolutions);
    return { entries: [{ place, text, parsed }], isWhole: false };
  } catch (error) {
    return { entries: [{ place, reason: notJson(error) }], isWhole: false };
  }
}

const notJson = (error: unknown) => `is not JSON: ${(error as Error).message}`;

function bundleEntries(place: string, text: string, resolutions: Map<string, readonly string[]>): Found {
  const content = contentOfBundle(text, place, resolutions);
  return 'reason' in content ? { entries: [{ place, ...content }], isWhole: false } : content;
}

function objectOf(text: string): Json | undefined {
  const parsed = JSON.parse(text) as unknown;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as Json)
    : undefined;
}

type Made =
  /** `conditions`: those of its references that match nothing yet, for which it waits. */
  | { prepared: Prepared; text: string; conditions: string[] }
  | { binary: PreparedBinary }
  | { exists: string }
  | { deleted: { type: string; id: string } }
  /**
   * `spoils`: the transaction around it is refused. A type that this server does not serve is left out
   * instead.
   */
  | { reason: string; spoils: boolean };

/** A resource can be in a transaction once (FHIR R4 §3.1.0.11.2). */
function refuseRepeated(made: (Made & { place: string })[]): void {
  const first = new Map<string, string>();
  for (const [i, one] of made.entries()) {
    if ('reason' in one || 'exists' in one) continue;
    const { type, id } =
      'deleted' in one
        ? one.deleted
        : 'binary' in one
          ? { type: binaryType, id: one.binary.id }
          : one.prepared;
    const before = first.get(`${type}/${id}`);
    if (before === undefined) first.set(`${type}/${id}`, one.place);
    else made[i] = { place: one.place, reason: `${type}/${id} is also ${before}`, spoils: true };
  }
}

function preparedEntry(entry: Found['entries'][number], baseUrl: string, resolutions: Resolutions): Made {
  if ('reason' in entry) return { reason: entry.reason, spoils: true };
  if ('exists' in entry) return { exists: entry.exists };
  if ('deleted' in entry) {
    const refusal = refusedType(entry.deleted.type);
    return refusal ? { reason: refusal, spoils: false } : { deleted: entry.deleted };
  }
  let resource: Json | undefined;
  try {
    resource = entry.parsed ?? objectOf(entry.text);
  } catch (error) {
    return { reason: notJson(error), spoils: true };
  }
  if (!resource) return { reason: 'is not a resource: a JSON object is expected', spoils: true };
  const refusal = refusedType(resource.resourceType);
  if (refusal) return { reason: refusal, spoils: resource.resourceType === undefined };
  if (resource.resourceType === binaryType) {
    const binary = prepareBinary(entry.text, resource, baseUrl);
    return typeof binary === 'string' ? { reason: binary, spoils: true } : { binary };
  }
  const unresolved = unresolvedIn(entry.text, resolutions);
  const refused = unresolved.find(({ reason }) => reason !== undefined);
  if (refused)
    return {
      reason: `${String(resource.resourceType)}/${String(resource.id)}: ${refused.reason}`,
      spoils: true,
    };
  const prepared = prepare(entry.text, resource, baseUrl);
  if (typeof prepared === 'string') return { reason: prepared, spoils: true };
  return { prepared, text: entry.text, conditions: unresolved.map(({ condition }) => condition) };
}
