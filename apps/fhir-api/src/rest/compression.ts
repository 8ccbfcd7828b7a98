import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  gzip,
  gzipSync,
  type BrotliOptions,
  type ZlibOptions,
} from 'node:zlib';
import type { Answer } from '../answer.js';
import { acceptedEncoding, type Encoding } from './accept-encoding.js';

/**
 * Bytes. A smaller body fits into the first packets of an answer anyway, and compressing it costs a large
 * part of the cost of a read.
 */
const worthwhile = 4096;
/**
 * Bytes. A smaller body is compressed at once, in about 0.1 ms: the way to another thread and back costs as
 * much. A larger one is compressed on another thread.
 */
export const largeBody = 65_536;

/** The settings of both codings. */
interface Effort {
  br: (length: number) => BrotliOptions;
  gzip: ZlibOptions;
}

const brotliOptions = (quality: number, length: number): BrotliOptions => ({
  params: {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: length,
    // The window decides how much memory is set up, and no window needs to exceed the body.
    [constants.BROTLI_PARAM_LGWIN]: Math.min(22, Math.max(16, Math.ceil(Math.log2(length + 16)))),
  },
});

/**
 * The least effort, for an answer that is compressed for one request. FHIR JSON repeats itself: more effort
 * makes a page a third smaller and costs several times the time (decision 91).
 */
const perRequest: Effort = { br: (length) => brotliOptions(0, length), gzip: { level: 1 } };
/** For a document that is compressed once. */
const once: Effort = { br: (length) => brotliOptions(6, length), gzip: { level: 6 } };

const onOtherThread = {
  br: promisify<Buffer, BrotliOptions, Buffer>(brotliCompress),
  gzip: promisify<Buffer, ZlibOptions, Buffer>(gzip),
};

/**
 * Holds the bytes of a text while this thread compresses them. A new buffer for each text would cost more.
 */
let scratch: Buffer | undefined;

/** The bytes of a body that is compressed on this thread, until the next call. */
function bytesNow(body: string | Buffer): Buffer {
  if (typeof body !== 'string') return body;
  // A character of a string takes at most three bytes of UTF-8.
  scratch ??= Buffer.allocUnsafeSlow(3 * largeBody);
  return scratch.subarray(0, scratch.write(body));
}

/** Compresses a body. The promise of a small one is already resolved. */
async function compress(body: string | Buffer, coding: Encoding, effort: Effort): Promise<Buffer> {
  if (isLarge(body)) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    return coding === 'br'
      ? onOtherThread.br(bytes, effort.br(bytes.length))
      : onOtherThread.gzip(bytes, effort.gzip);
  }
  const bytes = bytesNow(body);
  return coding === 'br' ? brotliCompressSync(bytes, effort.br(bytes.length)) : gzipSync(bytes, effort.gzip);
}

/** Whether a body is compressed on another thread. */
export const isLarge = (body: string | Buffer): boolean => body.length >= largeBody;

/**
 * Finds the content coding of an answer.
 * @param acceptEncoding the unparsed header
 * @returns undefined for an answer that is sent as it is
 */
function codingOf(answer: Answer, acceptEncoding: unknown): Encoding | undefined {
  if (acceptEncoding === undefined || answer.body === undefined || answer.encoded) return undefined;
  const { coding, refusesPlain } = acceptedEncoding(String(acceptEncoding));
  return refusesPlain || answer.body.length >= worthwhile ? coding : undefined;
}

/**
 * Compresses the answer's body in the encoding that the client prefers, if that pays off.
 * @param acceptEncoding the unparsed header
 * @returns the answer, which then has the compressed body, too
 */
export async function encoded(
  answer: Answer,
  acceptEncoding: unknown,
  effort: Effort = perRequest,
): Promise<Answer> {
  const coding = codingOf(answer, acceptEncoding);
  if (coding === undefined) return answer;
  answer.encoded = { coding, body: await compress(answer.body!, coding, effort) };
  return answer;
}

/** Compresses answers that are always the same objects, once in each content coding. */
export class EncodedDocuments {
  private readonly made = new WeakMap<Answer, Map<Encoding, Promise<Answer>>>();

  /** @param acceptEncoding the unparsed header */
  async encoded(document: Answer, acceptEncoding: unknown): Promise<Answer> {
    const coding = codingOf(document, acceptEncoding);
    if (!coding) return document;
    let ofDocument = this.made.get(document);
    if (!ofDocument) this.made.set(document, (ofDocument = new Map()));
    let answer = ofDocument.get(coding);
    if (!answer) ofDocument.set(coding, (answer = encoded({ ...document }, `${coding}, identity;q=0`, once)));
    return answer;
  }
}
