import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Answer } from '../answer.js';
import { remembered } from './remembered.js';

/** Bytes; below, the header and the work cost more than the wire. */
const worthwhile = 1024;
const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

/** Settings that cost little processor time: FHIR JSON is so repetitive that more effort gains little. */
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

/** The encoding the client prefers among ours, brotli first; undefined: as it is (RFC 9110 §12.5.3). */
export const encodingFor = remembered((acceptEncoding): Encoding | undefined => {
  const weights = new Map(
    acceptEncoding.split(',').map((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [name!, weight === undefined ? 1 : Number(weight.slice(2))];
    }),
  );
  const weightOf = (encoding: string) => weights.get(encoding) ?? weights.get('*') ?? 0;
  return (['br', 'gzip'] as const)
    .filter((encoding) => weightOf(encoding) > 0)
    .sort((a, b) => weightOf(b) - weightOf(a))[0];
});

/** Compresses a body when that is worthwhile. */
export async function compress(body: string | Buffer, encoding: Encoding): Promise<Buffer | undefined> {
  return body.length < worthwhile ? undefined : encoders[encoding](body);
}

/**
 * The answer with its body compressed as the client accepts it.
 * @param acceptEncoding the header as it came
 */
export async function encoded(answer: Answer, acceptEncoding: unknown): Promise<Answer> {
  if (acceptEncoding === undefined || answer.body === undefined || answer.encoded) return answer;
  const coding = encodingFor(String(acceptEncoding));
  const body = coding && (await compress(answer.body, coding));
  return body ? { ...answer, encoded: { coding, body } } : answer;
}

/** Compresses the answers that are the same objects each time, once in each content coding. */
export class EncodedDocuments {
  private readonly made = new WeakMap<Answer, Map<Encoding, Promise<Answer>>>();

  /** @param acceptEncoding the header as it came */
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
