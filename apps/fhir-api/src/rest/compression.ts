import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Answer } from '../answer.js';
import { memoize } from './memoize.js';

/** Bytes. For smaller bodies the header and the work cost more than the transfer. */
const worthwhile = 1024;
const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

/** Fast settings: FHIR JSON is repetitive, so more effort gains little. */
const encoders = {
  br: (body: string | Buffer) =>
    brotli(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 4,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      },
    }),
  gzip: (body: string | Buffer) => gz(body, { level: 4 }),
} as const;
export type Encoding = keyof typeof encoders;

/** The weight of each content coding in the header; 0 for one that the client does not take. */
function weightsIn(acceptEncoding: string): (encoding: string) => number {
  const weights = new Map(
    acceptEncoding.split(',').map((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name!, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  return (encoding) => weights.get(encoding) ?? weights.get('*') ?? 0;
}

/** Whether the client takes gzip. */
export const acceptsGzip = memoize((acceptEncoding): boolean => weightsIn(acceptEncoding)('gzip') > 0);

/**
 * The supported encoding that the client prefers, brotli first. Undefined for no compression (RFC 9110
 * §12.5.3).
 */
export const encodingFor = memoize((acceptEncoding): Encoding | undefined => {
  const weightOf = weightsIn(acceptEncoding);
  return (['br', 'gzip'] as const)
    .filter((encoding) => weightOf(encoding) > 0)
    .sort((a, b) => weightOf(b) - weightOf(a))[0];
});

/** Compresses a body if that pays off. */
export async function compress(body: string | Buffer, encoding: Encoding): Promise<Buffer | undefined> {
  return body.length < worthwhile ? undefined : encoders[encoding](body);
}

/**
 * Compresses the answer's body in an encoding that the client accepts.
 * @param acceptEncoding the unparsed header
 */
export async function encoded(answer: Answer, acceptEncoding: unknown): Promise<Answer> {
  if (acceptEncoding === undefined || answer.body === undefined || answer.encoded) return answer;
  const coding = encodingFor(String(acceptEncoding));
  const body = coding && (await compress(answer.body, coding));
  return body ? { ...answer, encoded: { coding, body } } : answer;
}

/** Compresses answers that are always the same objects, once in each content coding. */
export class EncodedDocuments {
  private readonly made = new WeakMap<Answer, Map<Encoding, Promise<Answer>>>();

  /** @param acceptEncoding the unparsed header */
  async encoded(document: Answer, acceptEncoding: unknown): Promise<Answer> {
    const coding = acceptEncoding === undefined ? undefined : encodingFor(String(acceptEncoding));
    if (!coding) return document;
    let ofDocument = this.made.get(document);
    if (!ofDocument) this.made.set(document, (ofDocument = new Map()));
    let answer = ofDocument.get(coding);
    if (!answer) ofDocument.set(coding, (answer = encoded(document, coding)));
    return answer;
  }
}
