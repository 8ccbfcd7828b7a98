import { isUtf8 } from 'node:buffer';
import type { Piece } from './batch.js';
import { contentOfBundle, type Entry } from './bundle.js';
import { withResolved } from './conditional-references.js';
import { refusal } from './refusal.js';

type Json = Record<string, unknown>;

/** The entries of a line or a file: one, unless it is a Bundle. */
export interface Document {
  text: string;
  entries: (Entry & { parsed?: Json })[];
  /** Whether it is a transaction, which is stored as a whole or not at all. */
  isWhole: boolean;
  /** `Type/id` of the resources that a Bundle creates under a condition, by the condition. */
  created?: ReadonlyMap<string, string>;
}

/**
 * Reads the documents of pieces: resources and Bundles.
 * @param toLocal makes references local
 * @param resolutions of conditions; gains those that Bundles resolve
 * @param unsettled conditions whose references are left as they are
 */
export function* documentsOf(
  pieces: readonly Piece[],
  toLocal: (text: string) => string,
  resolutions: Map<string, readonly string[]>,
  unsettled: ReadonlySet<string>,
): Generator<Document> {
  for (const { place, text, isFromArchive } of textsOf(pieces)) {
    const document =
      text === undefined
        ? refused('', place, 'not-text', 'is not UTF-8')
        : documentOf(place, withResolved(toLocal(withoutMark(text)), resolutions, unsettled), resolutions);
    const [first] = document.entries;
    // An archive may contain files that are no resources, such as the manifest of a package.
    const isOther = isFromArchive && first && 'parsed' in first && first.parsed?.resourceType === undefined;
    if (!(isOther && first.parsed)) yield document;
  }
}

/** `text` is undefined when the bytes are not UTF-8. */
function* textsOf(pieces: readonly Piece[]) {
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
const withoutMark = (text: string) => (text.startsWith(byteOrderMark) ? text.slice(1) : text);

const beginsAsBundle = /^\s*\{[^{}]*?"resourceType"\s*:\s*"Bundle"/;

function documentOf(place: string, text: string, resolutions: Map<string, readonly string[]>): Document {
  try {
    // A Bundle is not parsed as a whole: it may be large.
    if (beginsAsBundle.test(text)) return bundleOf(place, text, resolutions);
    const parsed = JSON.parse(text) as unknown;
    if (Array.isArray(parsed))
      return refused(
        text,
        place,
        'not-a-resource',
        'is a JSON array: write its resources one a line (.ndjson), for example with jq -c ".[]"',
      );
    const resource = objectOf(parsed);
    if (resource?.resourceType === 'Bundle') return bundleOf(place, text, resolutions);
    if (!resource)
      return refused(text, place, 'not-a-resource', 'is not a resource: a JSON object is expected');
    return { text, entries: [{ place, text, parsed: resource }], isWhole: false };
  } catch (error) {
    return refused(text, place, 'not-json', notJson(text, error));
  }
}

/** Why a text is not JSON, with the cause if it can be seen from the beginning. */
export function notJson(text: string, error: unknown): string {
  const kind = /^\s*</.test(text) ? 'XML or HTML, ' : /^PK\u0003\u0004/.test(text) ? 'a ZIP archive, ' : '';
  return `is ${kind}not JSON: ${(error as Error).message}${adviceFor(text)}`;
}

/** What to do about a text with several documents, or with a part of one. */
function adviceFor(text: string): string {
  if (text.trim() === '') return '; the file is empty';
  if (/^\s*[[{]\s*$/.test(text))
    return '; the name of a file with one document over several lines has to end in .json';
  const end = text.search(/[\r\n]/);
  if (end === -1 || !isJson(text.slice(0, end))) return '';
  return text.includes('\n')
    ? '; the name of a file with a resource in each line has to end in .ndjson'
    : '; its lines end in CR alone: end them in LF';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function bundleOf(place: string, text: string, resolutions: Map<string, readonly string[]>): Document {
  const content = contentOfBundle(text, place, resolutions);
  return 'reason' in content ? refused(text, place, content.kind, content.reason) : { text, ...content };
}

const refused = (text: string, place: string, ...[kind, reason]: Parameters<typeof refusal>): Document => ({
  text,
  entries: [{ place, ...refusal(kind, reason), text }],
  isWhole: false,
});

/** A JSON value if it is an object. */
export const objectOf = (parsed: unknown): Json | undefined =>
  typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Json) : undefined;
