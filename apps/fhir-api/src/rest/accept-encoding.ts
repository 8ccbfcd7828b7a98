import { memoize } from './memoize.js';

/** The content codings of this server. Of equal weights the first wins: it compresses better in less time. */
const codings = ['br', 'gzip'] as const;
export type Encoding = (typeof codings)[number];

/** The part of `Accept-Encoding` that this server acts on. */
export interface AcceptedEncoding {
  /** The coding that the client prefers; undefined when it prefers a body without one. */
  coding: Encoding | undefined;
  /** Whether the client refuses a body without a coding (`identity;q=0`, or `*;q=0`). */
  refusesPlain: boolean;
}

/** The weight of each content coding in the header, by its name in lower case. */
function weightsIn(acceptEncoding: string): Map<string, number> {
  return new Map(
    acceptEncoding.split(',').map((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      // x-gzip is another name of gzip (RFC 9110 §8.4.1.3).
      return [name === 'x-gzip' ? 'gzip' : name!, weight === undefined ? 1 : Number(weight.slice(2)) || 0];
    }),
  );
}

/**
 * Chooses the content coding by the weights of the header (RFC 9110 §12.5.3).
 * @returns no coding when the client accepts none of this server's: the server then disregards the header, as
 * RFC 9110 §12.4.1 allows
 */
export const acceptedEncoding = memoize((acceptEncoding): AcceptedEncoding => {
  const weights = weightsIn(acceptEncoding);
  const others = weights.get('*');
  const weightOf = (coding: Encoding) => weights.get(coding) ?? others ?? 0;
  const [best] = codings.filter((coding) => weightOf(coding) > 0).sort((a, b) => weightOf(b) - weightOf(a));
  // Without an entry for `identity`, a body without a coding is accepted, but not preferred.
  const plain = weights.get('identity') ?? (others === 0 ? 0 : undefined);
  const prefersPlain = best !== undefined && plain !== undefined && plain > weightOf(best);
  return { coding: prefersPlain ? undefined : best, refusesPlain: plain === 0 };
});

/** Whether the client takes gzip. */
export const acceptsGzip = memoize((acceptEncoding): boolean => {
  const weights = weightsIn(acceptEncoding);
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
});
