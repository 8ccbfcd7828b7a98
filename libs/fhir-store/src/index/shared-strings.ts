import { isHumanName, typeDefinition } from '../definitions/definitions.js';
import { storable } from './columns.js';
import type { IndexValues } from './row.js';

/**
 * Characters by which the strings of shared resources are told apart: an entry of an index has to fit a third
 * of a page.
 */
export const longestSharedString = 500;

/** The first characters of a text; those beyond U+FFFF count once, as PostgreSQL counts them. */
export function cutString(text: string): string {
  if (text.length <= longestSharedString) return text;
  return Array.from(text.slice(0, 2 * longestSharedString))
    .slice(0, longestSharedString)
    .join('');
}

export interface SharedString {
  parameter: number;
  folded: string;
}

/** The parameters of a type for names of people. */
const nameNumbers = new Map<string, ReadonlySet<number>>();

function nameNumbersOf(type: string): ReadonlySet<number> {
  let numbers = nameNumbers.get(type);
  if (!numbers) {
    const parameters = Object.values(typeDefinition(type).parameters);
    numbers = new Set(parameters.filter(isHumanName).map(({ number }) => number));
    nameNumbers.set(type, numbers);
  }
  return numbers;
}

/**
 * The strings of a shared resource for `shared_string`, which has them in order, so that a search finds those
 * that begin with a text: each folded string, and of a person's name the rest from each further word on. A
 * word that begins behind the first {@link longestSharedString} characters is left out: finding the words of
 * a longer text takes the square of its length.
 */
export function sharedStrings(
  type: string,
  { stringParam, stringFolded }: Pick<IndexValues, 'stringParam' | 'stringFolded'>,
): SharedString[] {
  const names = nameNumbersOf(type);
  const strings = new Map<string, SharedString>();
  const add = (parameter: number, folded: string) => {
    const cut = cutString(folded);
    strings.set(`${parameter} ${cut}`, { parameter, folded: cut });
  };
  stringParam.forEach((parameter, i) => {
    const folded = storable(stringFolded[i]!);
    add(parameter, folded);
    if (!names.has(parameter)) return;
    const head = cutString(folded);
    for (let at = head.indexOf(' '); at >= 0; at = head.indexOf(' ', at + 1))
      add(parameter, folded.slice(at + 1));
  });
  return [...strings.values()];
}
