import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { Transform, type Readable } from 'node:stream';
import type { Piece, Work } from './batch.js';

/** Bytes of resources that go into one transaction, unless a single line or Bundle is larger. */
const workBytes = 2_000_000;
const readBytesAtOnce = 1 << 20;
/** A line or a Bundle is in memory several times; a string of V8 ends at 512 MB. */
const maxBytes = 256 << 20;

/** NDJSON from the standard input. */
const standardInput = '-';

/**
 * Bytes of the files on the disk; undefined with standard input.
 * @throws Error when a file does not exist
 */
export function totalBytes(files: readonly string[]): number | undefined {
  if (files.includes(standardInput)) return undefined;
  return files.reduce((sum, file) => {
    const found = statSync(file);
    if (!found.isFile()) throw new Error(`${file} is not a file`);
    refuseOtherFormat(file);
    return sum + found.size;
  }, 0);
}

const magic = { zip: 'PK\u0003\u0004', gzip: '\u001f\u008b' };

/**
 * @throws Error that says what to do, when a file is an archive or compressed and its name does not say so
 */
function refuseOtherFormat(file: string): void {
  const bytes = Buffer.alloc(4);
  const descriptor = openSync(file, 'r');
  const length = readSync(descriptor, bytes, 0, 4, 0);
  closeSync(descriptor);
  const begins = bytes.toString('latin1', 0, length);
  const isCompressed = begins.startsWith(magic.gzip);
  if (begins === magic.zip || file.endsWith('.zip'))
    throw new Error(`${file} is a ZIP archive: unpack it and name its files, or pack them as .tgz`);
  if (isCompressed && !compressed.test(file))
    throw new Error(`${file} is compressed with gzip: its name has to end in .gz, or in .tgz for an archive`);
  if (!isCompressed && compressed.test(file))
    throw new Error(`${file} is not compressed with gzip, although its name says so: rename it`);
}

const compressed = /\.(gz|tgz)$/;

/** A file that was read to its end. */
export interface ReadFile {
  name: string;
  /** Bytes on the disk. */
  bytes: number;
  /** SHA-256 of these bytes, in hexadecimal. */
  sha256: string;
}

/** Passes bytes on and computes their hash. */
function hashing(raw: Readable): { stream: Readable; read(): Omit<ReadFile, 'name'> } {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = raw.pipe(
    new Transform({
      readableHighWaterMark: readBytesAtOnce,
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        bytes += chunk.length;
        done(null, chunk);
      },
    }),
  );
  raw.on('error', (error) => stream.destroy(error));
  return { stream, read: () => ({ bytes, sha256: hash.digest('hex') }) };
}

/**
 * Reads files piece by piece: NDJSON, a resource or a Bundle, each also `.gz`, a `.tgz` of them, or `-`. A
 * piece of NDJSON ends with a line; a JSON document is one piece.
 * @param onRead called when a file was read to its end
 * @throws Error when a file cannot be opened or is damaged, or holds a line or a document that is too large
 */
export async function* workOf(
  files: readonly string[],
  onRead: (file: ReadFile) => void = () => undefined,
): AsyncGenerator<Work> {
  let before = 0;
  let pieces: Piece[] = [];
  let size = 0;
  for (const file of files) {
    const raw =
      file === standardInput ? process.stdin : createReadStream(file, { highWaterMark: readBytesAtOnce });
    const read = () => (raw as { bytesRead?: number }).bytesRead ?? 0;
    const hashed = hashing(raw);
    try {
      for await (const piece of piecesOf(file, hashed.stream)) {
        pieces.push(piece);
        size += piece.bytes.length;
        if (size < workBytes) continue;
        yield { pieces, readBytes: before + read() };
        pieces = [];
        size = 0;
      }
    } catch (error) {
      const { message } = error as Error;
      throw message.includes(file)
        ? error
        : new Error(`${file}: ${causeOf(error as Error)}`, { cause: error });
    }
    onRead({ name: file, ...hashed.read() });
    before += read();
  }
  if (pieces.length > 0) yield { pieces, readBytes: before };
}

/** The message of an error while a file is read, with what to do. */
function causeOf({ message }: Error): string {
  if (/unexpected end of data/i.test(message))
    return `is cut off, or no archive of tar (${message}): transfer it again, or name a compressed file .ndjson.gz or .json.gz`;
  if (/unexpected end of file/i.test(message)) return `is cut off (${message}): transfer it again`;
  if (/incorrect (header|data) check|invalid (block|stored|distance|code)/.test(message))
    return `is damaged (${message}): transfer it again`;
  return message;
}

async function* piecesOf(file: string, raw: Readable, isFromArchive = false): AsyncGenerator<Piece> {
  const isCompressed = compressed.test(file);
  const stream = isCompressed ? raw.pipe(createGunzip({ chunkSize: readBytesAtOnce })) : raw;
  if (stream !== raw) raw.on('error', (error) => stream.destroy(error));
  if (/\.(tgz|tar\.gz)$/.test(file)) yield* piecesOfArchive(file, stream);
  else if (file === standardInput || /\.(ndjson|jsonl)(\.gz)?$/.test(file))
    yield* piecesOfLines(file, stream);
  else yield { file, firstLine: undefined, bytes: joined(await allOf(file, stream)), isFromArchive };
}

async function* piecesOfArchive(file: string, stream: Readable): AsyncGenerator<Piece> {
  const archive = extract();
  stream.on('error', (error) => archive.destroy(error));
  stream.pipe(archive);
  for await (const entry of archive) {
    const { name, type } = entry.header;
    const content = entry as unknown as Readable;
    // macOS packs a file of attributes, `._name`, beside each file.
    if (!/(^|\/)(?!\._)[^/]*\.(json|ndjson|jsonl)(\.gz)?$/.test(name)) content.resume();
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
