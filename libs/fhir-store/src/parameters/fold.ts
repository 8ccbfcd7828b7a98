const ascii = /^[\x20-\x7e]*$/;
/** Words with one space between them. */
const isFolded = /^[a-z0-9]+(?: [a-z0-9]+)*$/;

/**
 * The compared form of a text: without case, accents, punctuation and surplus space (FHIR R4 §3.1.1.4.8). A
 * dash separates words, other punctuation is removed: `O'Brien-Smith` becomes `obrien smith`.
 */
export function fold(text: string): string {
  // Most text has no accents, and removing them is the most expensive step.
  const plain = ascii.test(text) ? text : text.normalize('NFKD').replace(/\p{M}+/gu, '');
  const lower = plain.toLowerCase();
  if (isFolded.test(lower)) return lower;
  return lower
    .replace(/[\s\p{Pd}]+/gu, ' ')
    .replace(/\p{P}+/gu, '')
    .trim();
}
