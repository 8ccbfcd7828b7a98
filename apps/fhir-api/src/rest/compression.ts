import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
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
