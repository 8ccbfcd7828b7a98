import { isUtf8 } from 'node:buffer';
import type { Batch, Piece } from './batch.js';
import { contentOfBundle, type Entry } from './bundle.js';
import { prepare, refusedType, type Prepared } from './prepare.js';
import { Rows } from './rows.js';

type Json = Record<string, unknown>;

interface Found {
  entries: (Entry & { parsed?: Json })[];
  isWhole: boolean;
}

/**
 * Parses, checks and extracts, and makes rows. It needs no database, so several batches can be prepared at
 * once.
 */
export function prepareBatch(pieces: readonly Piece[], baseUrl: string): Batch {
  const batch: Omit<Batch, 'rows'> = { changes: [], rejected: [], read: 0 };
  const rows = new Rows(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const now = new Date().toISOString();
  for (const { place, text, isFromArchive } of documentsOf(pieces)) {
    const found = entriesOf(place, text, isFromArchive);
    if (!found) continue;
    batch.read += found.entries.length;
    const made = found.entries.map((entry) => ({ place: entry.place, ...preparedEntry(entry, baseUrl) }));
    if (found.isWhole) refuseRepeated(made);
    const spoiling = found.isWhole ? made.find((one) => 'reason' in one && one.spoils) : undefined;
    for (const one of made)
      if ('reason' in one) batch.rejected.push({ place: one.place, reason: one.reason });
      else if (spoiling)
        batch.rejected.push({
          place: one.place,
          reason: `its transaction is refused as a whole, because of ${spoiling.place}`,
        });
      else if ('deleted' in one) batch.changes.push({ ...one.deleted, isDeleted: true });
      else batch.changes.push(rows.add(one.prepared, now));
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
function entriesOf(place: string, given: string | undefined, isFromArchive: boolean): Found | undefined {
  if (given === undefined) return { entries: [{ place, reason: 'is not UTF-8' }], isWhole: false };
  const text = given.startsWith(byteOrderMark) ? given.slice(1) : given;
  try {
    // A Bundle is not parsed as a whole: it may be large.
    if (beginsAsBundle.test(text)) return bundleEntries(place, text);
    const parsed = objectOf(text);
    if (parsed && parsed.resourceType === undefined && isFromArchive) return undefined;
    if (parsed?.resourceType === 'Bundle') return bundleEntries(place, text);
    return { entries: [{ place, text, parsed }], isWhole: false };
  } catch (error) {
    return { entries: [{ place, reason: notJson(error) }], isWhole: false };
  }
}

const notJson = (error: unknown) => `is not JSON: ${(error as Error).message}`;

function bundleEntries(place: string, text: string): Found {
  const content = contentOfBundle(text, place);
  return 'reason' in content ? { entries: [{ place, ...content }], isWhole: false } : content;
}

function objectOf(text: string): Json | undefined {
  const parsed = JSON.parse(text) as unknown;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as Json)
    : undefined;
}

type Made =
  | { prepared: Prepared }
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
    if ('reason' in one) continue;
    const { type, id } = 'deleted' in one ? one.deleted : one.prepared;
    const before = first.get(`${type}/${id}`);
    if (before === undefined) first.set(`${type}/${id}`, one.place);
    else made[i] = { place: one.place, reason: `${type}/${id} is also ${before}`, spoils: true };
  }
}

function preparedEntry(entry: Found['entries'][number], baseUrl: string): Made {
  if ('reason' in entry) return { reason: entry.reason, spoils: true };
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
  const prepared = prepare(entry.text, resource, baseUrl);
  return typeof prepared === 'string' ? { reason: prepared, spoils: true } : { prepared };
}
