import { Problem } from '@payer/service';
import unhomoglyph from 'unhomoglyph';

/** From this length on, the plan's name is refused inside longer words, too. */
const longName = 8;

/** Digits and signs that people read as letters. */
const readAsLetter: Record<string, string> = { '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' };

/**
 * A text as the eye reads it: confusable characters of all scripts (UTS 39), accents, width and case make no
 * difference.
 */
function skeletonOf(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '');
  const likeLatin = unhomoglyph(unhomoglyph(plain).toLowerCase()).toLowerCase();
  return likeLatin
    .replace(/[3457@$]/g, (sign) => readAsLetter[sign] ?? sign)
    .replace(/[i1|!]/g, 'l')
    .replaceAll('vv', 'w')
    .replace(/rn/g, 'm');
}

const lettersOf = (text: string) => skeletonOf(text).replace(/[^\p{L}\p{N}]/gu, '');

/** Whether a reader can take a name for the plan's name. */
export function looksLikePlan(name: string, planName: string): boolean {
  const plan = lettersOf(planName);
  if (plan.length === 0) return false;
  if (plan.length >= longName) return lettersOf(name).includes(plan);
  const words = name.split(/[^\p{L}\p{N}\p{M}\p{S}@!]+/u).map(lettersOf);
  return words.some((_word, from) => {
    const joined = words.slice(from).map((_one, count) => words.slice(from, from + count + 1).join(''));
    return joined.includes(plan);
  });
}

/**
 * Refuses a name that members could take for the plan itself.
 * @param field member of the body
 * @throws Problem 400
 */
export function refusePlanName(name: string | undefined, planName: string, field: string): void {
  if (name === undefined || !looksLikePlan(name, planName)) return;
  const message = 'must not be or look like the name of the health plan';
  throw new Problem(400, 'invalid_request', `${field}: ${message}`, [{ field, message }]);
}
