import { Refusal } from '../gateway/refusal.js';

/**
 * Parses the parameters of a query or of a form. A wrong percent-encoding (RFC 3986 §2.1) would change the
 * meaning of a value, and no FHIR value contains a NUL (FHIR R4 §2.24.0.1). So both are refused.
 * @throws Refusal 400
 */
export function encodedParameters(encoded: string): URLSearchParams {
  if ((encoded.includes('%') || encoded.includes('\0')) && !isWellEncoded(encoded))
    throw new Refusal({
      status: 400,
      issueCode: 'invalid',
      text: 'The parameters of the request are malformed: a % must be followed by two hexadecimal digits (a % itself is %25), what they encode must be UTF-8, and no value may hold the character NUL (%00).',
    });
  return new URLSearchParams(encoded);
}

function isWellEncoded(encoded: string): boolean {
  try {
    return !decodeURIComponent(encoded).includes('\0');
  } catch {
    return false;
  }
}

/**
 * The value of a single parameter. Of repeated values the last counts, as in the links of a search. Empty
 * values are ignored.
 */
export const lastValue = (parameters: URLSearchParams, name: string): string | null =>
  parameters.getAll(name).findLast((value) => value !== '') ?? null;
