import { elementsOf, membersOf } from './scan.js';

/**
 * The members of a JSON object by name, each value as its text. So numbers keep their digits: `1.50` stays
 * `1.50` (FHIR R4 §2.24.0.1).
 * @throws SyntaxError when the text is not an object
 */
export const jsonMembers = (text: string): Map<string, string> =>
  new Map(membersOf(text).map(({ key, start, end }) => [key, text.slice(start, end)]));

/**
 * The elements of a JSON array, each as its text.
 * @throws SyntaxError when the text is not an array
 */
export const jsonItems = (text: string): string[] =>
  elementsOf(text, 0).map(({ start, end }) => text.slice(start, end));

/** Writes an object of members that are text. */
export const jsonObject = (members: Iterable<readonly [string, string]>): string =>
  `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
