const ascii = /^[\x20-\x7e]*$/;
/** Words with one space between them. */
const isFolded = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/**
 * Text as string search compares it: without case, accents, punctuation and surplus space (FHIR R4 §3.1.1.4.8). A dash parts words, any other
 * punctuation is as if it were not there: `O'Brien-Smith` is `obrien smith`.
 */
export function fold(text: string): string {
  // Most text has no accents, and taking them off is the dearest part.
  const plain = ascii.test(text) ? text : text.normalize('NFKD').replace(/\p{M}+/gu, '');
  const lower = plain.toLowerCase();
  if (isFolded.test(lower)) return lower;
  return lower
    .replace(/[\s\p{Pd}]+/gu, ' ')
    .replace(/\p{P}+/gu, '')
    .trim();
}
