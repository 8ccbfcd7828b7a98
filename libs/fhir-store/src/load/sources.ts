import { createReadStream, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import type { Readable } from 'node:stream';
import type { Piece, Work } from './batch.js';

/** Bytes of resources that go into one transaction, unless a single line or Bundle is larger. */
const workBytes = 2_000_000;
const readBytesAtOnce = 1 << 20;
/** A line or a Bundle is in memory several times; a string of V8 ends at 512 MB. */
const maxBytes = 256 << 20;

/** NDJSON from the standard input. */
export const standardInput = '-';

/**
 * Bytes of the files on the disk; undefined with standard input.
 * @throws Error when a file does not exist
 */
export function totalBytes(files: readonly string[]): number | undefined {
  if (files.includes(standardInput)) return undefined;
  return files.reduce((sum, file) => {
    const found = statSync(file);
    if (!found.isFile()) throw new Error(`${file} is not a file`);
    return sum + found.size;
  }, 0);
}

/**
 * Reads files piece by piece: NDJSON, a resource or a Bundle, each also `.gz`, a `.tgz` of them, or `-`. A
 * piece of NDJSON ends with a line; a JSON document is one piece.
 * @throws Error when a file cannot be opened or is damaged, or holds a line or a document that is too large
 */
export async function* workOf(files: readonly string[]): AsyncGenerator<Work> {
  let before = 0;
  let pieces: Piece[] = [];
  let size = 0;
  for (const file of files) {
    const raw =
      file === standardInput ? process.stdin : createReadStream(file, { highWaterMark: readBytesAtOnce });
    const read = () => (raw as { bytesRead?: number }).bytesRead ?? 0;
    try {
      for await (const piece of piecesOf(file, raw)) {
        pieces.push(piece);
        size += piece.bytes.length;
        if (size < workBytes) continue;
        yield { pieces, readBytes: before + read() };
        pieces = [];
        size = 0;
      }
    } catch (error) {
      const { message } = error as Error;
      throw message.includes(file) ? error : new Error(`${file}: ${message}`, { cause: error });
    }
    before += read();
  }
  if (pieces.length > 0) yield { pieces, readBytes: before };
}

async function* piecesOf(file: string, raw: Readable, isFromArchive = false): AsyncGenerator<Piece> {
  const isCompressed = /\.(gz|tgz)$/.test(file);
  const stream = isCompressed ? raw.pipe(createGunzip({ chunkSize: readBytesAtOnce })) : raw;
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  if (/\.(tgz|tar\.gz)$/.test(file)) yield* piecesOfArchive(file, stream);
  else if (file === standardInput || /\.ndjson(\.gz)?$/.test(file)) yield* piecesOfLines(file, stream);
  else yield { file, firstLine: undefined, bytes: joined(await allOf(file, stream)), isFromArchive };
}

async function* piecesOfArchive(file: string, stream: Readable): AsyncGenerator<Piece> {
  const archive = extract();
  stream.on('error', (error) => archive.destroy(error));
  stream.pipe(archive);
  for await (const entry of archive) {
    const { name, type } = entry.header;
    const content = entry as unknown as Readable;
    if (!/\.(json|ndjson)(\.gz)?$/.test(name)) content.resume();
    else if (type !== 'file')
      throw new Error(
        `${file}!${name} is not a whole file but a link, or sparse; tar has --dereference and --hard-dereference`,
      );
    else yield* piecesOf(`${file}!${name}`, content, true);
  }
}

async function* piecesOfLines(file: string, stream: Readable): AsyncGenerator<Piece> {
  let chunks: Buffer[] = [];
  let size = 0;
  let line = 1;
  const piece = (): Piece => {
    const bytes = joined(chunks);
    const made = { file, firstLine: line, bytes, isFromArchive: false };
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) line += 1;
    return made;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size > maxBytes) throw tooLarge(`${file}:${line}`);
    const end = size + chunk.length < workBytes ? -1 : chunk.lastIndexOf(newline);
    if (end === -1) {
      chunks.push(chunk);
      size += chunk.length;
      continue;
    }
    chunks.push(chunk.subarray(0, end + 1));
    yield piece();
    chunks = [chunk.subarray(end + 1)];
    size = chunk.length - end - 1;
  }
  if (size > 0) yield piece();
}

const newline = 0x0a;

async function allOf(file: string, stream: Readable): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(file);
  }
  return chunks;
}

const tooLarge = (place: string) => new Error(`${place} is longer than ${maxBytes >> 20} MB; divide it`);

/** Copies the chunks into one buffer, which can be transferred to another thread. */
function joined(chunks: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
