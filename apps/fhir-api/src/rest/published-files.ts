import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type Answer, fhirJson } from '../answer.js';
import { contentSize } from '../bulk-publish/gzip-file.js';
import { manifestName, onDisk } from '../bulk-publish/layout.js';
import type { Manifest } from '../bulk-publish/manifest.js';
import { throttled } from '../fairness/throttled.js';
import { Refusal } from '../gateway/refusal.js';
import { rangeAsked } from './byte-range.js';
import { acceptsGzip } from './compression.js';
import { isUnchanged } from './conditional.js';
import type { PublishedInteraction } from './interaction.js';

const json = 'application/json; charset=utf-8';

export interface PublishedFolder {
  directory: string;
  /** Whether everybody may read the folder. */
  isPublic: boolean;
}

/**
 * Serves the directory as files: the manifest of `$bulk-publish`, the index, and the files that they name.
 * @throws Refusal 404 when there is no such file, 416 when a range is outside the file
 */
export function publishedAnswer(
  folder: PublishedFolder,
  { name, content }: PublishedInteraction,
  headers: IncomingHttpHeaders,
): Promise<Answer> {
  return content === undefined ? documentAnswer(folder, name, headers) : contentAnswer(folder, name, headers);
}

/** The manifest or the index: small documents that every publication replaces. */
async function documentAnswer(
  { directory, isPublic }: PublishedFolder,
  name: string,
  headers: IncomingHttpHeaders,
): Promise<Answer> {
  let body = await readFile(join(directory, name), 'utf8').catch(refuseMissing);
  if (name === manifestName) {
    const manifest = JSON.parse(body) as Manifest;
    body = JSON.stringify({ ...manifest, requiresAccessToken: !isPublic });
  }
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const validators = { etag, 'cache-control': `${isPublic ? 'public' : 'private'}, no-cache` };
  if (isUnchanged(headers, etag, '')) return { status: 304, headers: validators, body: undefined };
  return { status: 200, headers: { 'content-type': json, ...validators }, body };
}

/**
 * A file with resources. It never changes under its name. Clients that take gzip get the bytes as they lie, or
 * a range of them; all others get the content, decompressed on the way.
 */
async function contentAnswer(
  { directory, isPublic }: PublishedFolder,
  name: string,
  headers: IncomingHttpHeaders,
): Promise<Answer> {
  const path = join(directory, onDisk(name));
  const { size, mtime } = await stat(path).catch(refuseMissing);
  const asGzip = acceptsGzip(String(headers['accept-encoding'] ?? ''));
  const etag = `"${name}${asGzip ? '.gz' : ''}"`;
  const lastModified = mtime.toUTCString();
  const validators = {
    etag,
    'last-modified': lastModified,
    'cache-control': `${isPublic ? 'public' : 'private'}, max-age=31536000, immutable`,
  };
  if (isUnchanged(headers, etag, lastModified)) return { status: 304, headers: validators, body: undefined };
  const type = name.endsWith('.ndjson') ? 'application/fhir+ndjson' : fhirJson;
  const common = { 'content-type': type, ...validators };
  if (!asGzip && unpacking >= mostUnpacking)
    throw throttled(
      'Too many files are decompressed now. Send "Accept-Encoding: gzip" to get the file as it lies, or try again soon.',
      2,
    );
  if (!asGzip)
    return {
      status: 200,
      headers: { ...common, 'content-length': String(await contentSize(path)) },
      body: undefined,
      stream: gunzipped(path),
    };
  const range = rangeAsked(headers, size, etag);
  const { start, end } = range ?? { start: 0, end: size - 1 };
  return {
    status: range ? 206 : 200,
    headers: {
      ...common,
      'content-encoding': 'gzip',
      'content-length': String(end - start + 1),
      'accept-ranges': 'bytes',
      ...(range ? { 'content-range': `bytes ${start}-${end}/${size}` } : {}),
    },
    body: undefined,
    stream: bytesOf(path, start, end),
  };
}

/** A generator opens the file when the first bytes are taken: a HEAD request opens nothing. */
async function* bytesOf(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  yield* createReadStream(path, { start, end }) as AsyncIterable<Buffer>;
}

/** Files that are decompressed now, and the most at a time: each costs as much as many searches. */
let unpacking = 0;
const mostUnpacking = 4;

async function* gunzipped(path: string): AsyncGenerator<Buffer> {
  unpacking += 1;
  const file = createReadStream(path);
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip) as AsyncIterable<Buffer>;
  } finally {
    unpacking -= 1;
    file.destroy();
  }
}

/** A missing file of the folder is 404; any other fault is an error of this server. */
function refuseMissing(error: NodeJS.ErrnoException): never {
  if (error.code !== 'ENOENT') throw error;
  throw new Refusal({
    status: 404,
    issueCode: 'not-found',
    text: 'There is no such file of the directory. $bulk-publish names the files; where it is missing, too, no export has been made yet.',
  });
}
