import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { type Answer, fhirJson } from '../answer.js';
import { contentSize } from '../bulk-publish/gzip-file.js';
import { manifestName, onDisk } from '../bulk-publish/layout.js';
import type { Manifest } from '../bulk-publish/manifest.js';
import { endWhenStalled } from '../fairness/decompressions.js';
import { Refusal } from '../gateway/refusal.js';
import { rangeAsked } from './byte-range.js';
import { acceptsGzip } from './accept-encoding.js';
import { isUnchanged } from './conditional-request.js';
import type { PublishedInteraction } from './interaction.js';

const json = 'application/json; charset=utf-8';

export interface PublishedFolder {
  directory: string;
  /** Whether everybody may read the folder. */
  isPublic: boolean;
  /**
   * Reserves the decompression of a file for the caller, and returns the end of the reservation.
   * @throws Refusal 429
   */
  reserveDecompression: () => () => void;
}

/** The part of a request that decides about the answer. */
interface FileRequest {
  method: string;
  headers: IncomingHttpHeaders;
}

/**
 * Serves the directory as files: the manifest of `$bulk-publish`, the index, and the files that they name.
 * @throws Refusal 404 when there is no such file, 416 when a range is outside the file, 429 when too many
 * files are decompressed
 */
export function publishedAnswer(
  folder: PublishedFolder,
  { name, content }: PublishedInteraction,
  request: FileRequest,
): Promise<Answer> {
  return content === undefined
    ? documentAnswer(folder, name, request.headers)
    : contentAnswer(folder, name, request);
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
 * A file with resources. It never changes under its name. Clients that accept gzip get the stored bytes, or a
 * range of them. All others get the content, decompressed while it is sent.
 */
async function contentAnswer(
  { directory, isPublic, reserveDecompression }: PublishedFolder,
  name: string,
  { method, headers }: FileRequest,
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
  if (!asGzip) {
    const length = await contentSize(path);
    const answer = {
      status: 200,
      headers: { ...common, 'content-length': String(length) },
      body: undefined,
    };
    if (method === 'HEAD') return answer;
    const ended = reserveDecompression();
    return { ...answer, stream: gunzipped(path, ended), ended };
  }
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

/** Decompresses a file. Its place is free when the content is read, or when the reader stalls. */
async function* gunzipped(path: string, ended: () => void): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const gunzip: Readable & { destroy(error?: Error): unknown } = file.pipe(createGunzip());
  file.on('error', (error) => gunzip.destroy(error));
  const stalled = () => {
    gunzip.destroy(new Error('the reader stalled'));
    ended();
  };
  try {
    yield* endWhenStalled(gunzip as AsyncIterable<Buffer>, stalled);
  } finally {
    file.destroy();
    gunzip.destroy();
    ended();
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
