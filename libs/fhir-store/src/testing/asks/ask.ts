// eslint-disable-next-line @typescript-eslint/no-explicit-any -- values of every FHIR type
export type Value = any;

/** A value as it is written in a search (FHIR R4 §3.1.1.4.19). */
export const escape = (text: string) => text.replace(/[\\,|$]/g, '\\$&');

/**
 * One way to ask for a value: the modifier with its colon, what is asked, and whether a resource with these
 * values is to be found.
 */
export interface Ask {
  modifier: string;
  asked: string;
  matches(values: Value[]): boolean;
}

export const ask = (asked: string, matches: Ask['matches'], modifier = ''): Ask => ({
  modifier,
  asked,
  matches,
});

/** Whether two values are equal where case does not count. */
export const same = (a: string | undefined, b: string) =>
  a !== undefined && a.toLowerCase() === b.toLowerCase();
