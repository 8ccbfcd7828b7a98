import fc from 'fast-check';

/**
 * Values that break careless code: encodings, control characters, lengths, injections, numbers at the edge.
 */
const unkind = [
  '',
  ' ',
  ',',
  '|',
  '||',
  '$',
  '\\',
  '\\,',
  '\u0000',
  '\ud800',
  '\u202e',
  'İ',
  'ﬃ',
  '😀',
  '%',
  '%00',
  '%ff',
  '+',
  '*',
  '_',
  "' OR 1=1 --",
  '"; DROP TABLE member_resource; --',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e999',
  '-1',
  '2147483648',
  '9223372036854775808',
  '0001-01-01',
  '9999-12-31T23:59:59.999+14:00',
  '2023-02-30',
  'ge',
  'ne2020',
  'http://',
  'javascript:alert(1)',
  'urn:uuid:0',
  'Patient/',
  '/Patient/1',
  'a'.repeat(3000),
  'x,'.repeat(400),
  '|'.repeat(100),
  '['.repeat(500),
  '{"a":'.repeat(200),
];

const ordinary = [
  '1',
  '20',
  'true',
  'false',
  'male',
  'Smith',
  'smith,jones',
  '2024',
  'ge2024-01-01',
  'lt2025-06-30T12:00:00Z',
  'gt5.4',
  '5.4|http://unitsofmeasure.org|mg',
  'http://loinc.org|8480-6',
  'final',
  'active',
  'Patient/1',
  'Practitioner/1',
  'http://example.org/fhir',
  '42.25|-83.69|10|mi',
  'openid fhirUser launch/patient patient/*.rs',
  'system/*.rs',
  'https://client-app.com/redirect',
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'S256',
  'code',
  'none',
  'login',
  'en',
];

/** A value of a parameter: an ordinary one, one that breaks careless code, or a random text. */
export const anyValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ordinary) },
  { weight: 4, arbitrary: fc.constantFrom(...unkind) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...ordinary), fc.constantFrom(...unkind)).map((two) => two.join('')),
  },
);

/** Ordinary values mostly, so that the request gets past the first check. */
export const mostlyOrdinary: fc.Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...ordinary) },
  { weight: 1, arbitrary: anyValue },
);

/** Any JSON value, with the keys that JavaScript gives a meaning. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: anyValue },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(null, true, 0, -1, 1e308, [], {}, [null], { __proto__: null }),
  },
  { weight: 1, arbitrary: fc.array(anyValue, { maxLength: 5 }) },
);

/**
 * Percent-encodes a value as a client does; now and then leaves it as it is, where an address can bear it.
 */
export function inAddress(value: string, isRaw: boolean): string {
  if (isRaw && /^[\x21-\x7e]*$/.test(value) && !/[#%]/.test(value)) return value;
  // A lone surrogate has no encoding: its bytes are sent as a careless client would send them.
  return [...value]
    .map((character) => (/^[\ud800-\udfff]$/.test(character) ? '%ED%A0%80' : encodeURIComponent(character)))
    .join('');
}
