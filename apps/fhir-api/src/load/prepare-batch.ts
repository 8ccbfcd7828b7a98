import type { Batch, Piece } from './batch.js';
import { contentOfBundle, type Entry } from './bundle.js';
import { prepare, refusedType, type Prepared } from './prepare.js';
import { Rows } from './rows.js';

type Json = Record<string, unknown>;

interface Found {
  entries: (Entry & { parsed?: Json })[];
  isWhole: boolean;
}

/** Makes rows of what was read: parses, checks, extracts. Needs no database, so several can be made at once. */
export function prepareBatch(pieces: readonly Piece[], baseUrl: string): Batch {
  const batch: Omit<Batch, 'rows'> = { changes: [], rejected: [], read: 0 };
  const rows = new Rows(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const now = new Date().toISOString();
  for (const { place, text, isFromArchive } of documentsOf(pieces)) {
    const found = entriesOf(place, text, isFromArchive);
    if (!found) continue;
    batch.read += found.entries.length;
    const made = found.entries.map((entry) => ({ place: entry.place, ...preparedEntry(entry, baseUrl) }));
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

function* documentsOf(pieces: readonly Piece[]) {
  for (const { file, firstLine, bytes, isFromArchive } of pieces) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (firstLine === undefined) {
      yield { place: file, text: buffer.toString(), isFromArchive };
      continue;
    }
    let line = firstLine;
    for (let start = 0; start < buffer.length; line++) {
      const newline = buffer.indexOf('\n', start);
      const end = newline === -1 ? buffer.length : newline;
      // Line by line: one character beyond Latin-1 makes all that is decoded with it take two bytes a character, and twice the time.
      const one = buffer.toString('utf8', start, end);
      if (one.trim() !== '') yield { place: `${file}:${line}`, text: one, isFromArchive: false };
      start = end + 1;
    }
  }
}

const byteOrderMark = '\uFEFF';

const beginsAsBundle = /^\s*\{[^{}]*?"resourceType"\s*:\s*"Bundle"/;

/** @returns undefined for what need not be told: a file in an archive that is no resource */
function entriesOf(place: string, given: string, isFromArchive: boolean): Found | undefined {
  const text = given.startsWith(byteOrderMark) ? given.slice(1) : given;
  try {
    // A Bundle is not parsed as a whole: it may be large.
    if (beginsAsBundle.test(text)) return bundleEntries(place, text);
    const parsed = objectOf(text);
    if (parsed?.resourceType === undefined && isFromArchive) return undefined;
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
  /** `spoils`: a transaction that holds it is refused; what this server has no place for is left out of it instead. */
  | { reason: string; spoils: boolean };

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
