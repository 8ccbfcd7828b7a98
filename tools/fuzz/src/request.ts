import fc from 'fast-check';
import { anyValue, inAddress } from './values.js';

/** One request of the fuzz. */
export interface FuzzRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** Parameters by name; a name may come several times. */
export type Parameters = readonly (readonly [name: string, value: string])[];

/** The query or form of parameters. */
export const encoded = (parameters: Parameters, isRaw = false): string =>
  parameters.map(([name, value]) => `${inAddress(name, isRaw)}=${inAddress(value, isRaw)}`).join('&');

/** Some of the named parameters, each with any value, in any order, now and then twice. */
export const someParameters = (names: readonly string[], maxLength = 5): fc.Arbitrary<Parameters> =>
  fc.array(
    fc.tuple(
      fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: anyValue }),
      anyValue,
    ),
    {
      maxLength,
    },
  );

/** Headers that a client may send on any request. */
export const someHeaders: fc.Arbitrary<Record<string, string>> = fc
  .array(
    fc.constantFrom<[string, string]>(
      ['accept', '*/*'],
      ['accept', 'application/fhir+json'],
      ['accept', 'application/fhir+xml'],
      ['accept', 'text/html'],
      ['accept', ';;q=x'],
      ['accept-encoding', 'gzip'],
      ['accept-encoding', 'br;q=2, nonsense'],
      ['accept-language', 'es-MX,es;q=0.9'],
      ['accept-language', '-,-;q=,*'],
      ['prefer', 'handling=strict'],
      ['prefer', 'handling=lenient, return=;='],
      ['if-none-match', 'W/"1"'],
      ['if-modified-since', 'yesterday'],
      ['origin', 'https://elsewhere.example'],
      ['origin', 'null'],
      ['cookie', 'session=; a=b; =; ;;'],
      ['x-forwarded-for', 'nobody, 1.2.3.4, ::1'],
      ['x-forwarded-host', 'elsewhere.example'],
      ['x-request-id', 'a'.repeat(300)],
      ['traceparent', '00-zz-zz-01'],
      ['range', 'bytes=0-0,5-'],
      ['content-type', 'application/json'],
      ['content-type', 'application/fhir+json; charset=utf-16'],
      ['content-type', 'multipart/form-data'],
    ),
    { maxLength: 3 },
  )
  .map((pairs) => Object.fromEntries(pairs));
