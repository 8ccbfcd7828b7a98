import { Refusal } from '../gateway/refusal.js';

/**
 * The parameters of a query or of a form. What is not encoded as RFC 3986 §2.1 says would be read as something else than was meant, and
 * no FHIR value holds a NUL (FHIR R4 §2.24.0.1), so both are refused.
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

/** What a parameter that may be asked for once says: of several the last counts, as in the links of a search; an empty one says nothing. */
export const lastValue = (parameters: URLSearchParams, name: string): string | null =>
  parameters.getAll(name).findLast((value) => value !== '') ?? null;
