/*
 * The grammar of index keys, for TypeScript and for SQL. No other file knows how a key is written.
 *
 * A row has one key for each way in which a search can name a value of it. A key begins with the number of
 * its search parameter; the mark behind the number is the kind of key:
 *
 *   7                       parameter 7 has a value
 *   7||code                 a code of any system             7|!|code         a code without a system
 *   7|system|code           a code of a system               7|system         any code of a system
 *   7^system|code|value     an identifier of a type          7~words          a text, folded
 *   7>Type/id               a reference                      7=uri            a uri
 *   7&first&second          a composite: the keys of its two parts, each with the number 0
 *   0@low@high              the second part of a composite, where it is a date
 */

/** The number that the keys within a composite begin with. */
export const partNumber = 0;

export const indexKey = {
  present: (parameter: number) => `${parameter}`,
  anySystem: (parameter: number, code: string) => `${parameter}||${code}`,
  noSystem: (parameter: number, code: string) => `${parameter}|!|${code}`,
  systemAndCode: (parameter: number, system: string, code: string) => `${parameter}|${system}|${code}`,
  system: (parameter: number, system: string) => `${parameter}|${system}`,
  ofType: (parameter: number, system: string, code: string, value: string) =>
    `${parameter}^${system}|${code}|${value}`,
  /** @param folded as `parameters/fold.ts` folds it */
  text: (parameter: number, folded: string) => `${parameter}~${folded}`,
  reference: (parameter: number, target: string) => `${parameter}>${target}`,
  uri: (parameter: number, uri: string) => `${parameter}=${uri}`,
  pair: (parameter: number, first: string, second: string) => `${parameter}&${first}&${second}`,
  /** @param low and @param high in milliseconds since the epoch */
  partDate: (low: number, high: number) => `${partNumber}@${low}@${high}`,
};

/** How the keys of a parameter begin, up to their value. */
export const keyPrefix = {
  anySystem: (parameter: number) => indexKey.anySystem(parameter, ''),
  text: (parameter: number) => indexKey.text(parameter, ''),
  reference: (parameter: number) => indexKey.reference(parameter, ''),
  uri: (parameter: number) => indexKey.uri(parameter, ''),
  /** Of a composite whose second part is a date. */
  pairWithDate: (parameter: number, first: string) => indexKey.pair(parameter, first, `${partNumber}@`),
};

/**
 * Whether a part of a composite uses the key: only codes form pairs, not the text or the type beside a code.
 */
export const isPartCode = (key: string): boolean => key.startsWith(`${partNumber}|`);

/**
 * Whether a row keeps the key as text, too. Searches sort by the value of such a key, follow it, or compare a
 * part of it. All other keys are compared as a whole, by number (`search-key.ts`).
 */
export function isKeptAsText(key: string): boolean {
  let at = 0;
  while (isDigit(key.charCodeAt(at))) at += 1;
  switch (key[at]) {
    case '~':
    case '>':
    case '=':
      return true;
    case '|':
      return key[at + 1] === '|';
    case '&':
      return /&0[@~]/.test(key.slice(at + 1));
    default:
      return false;
  }
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

/** The target of a key that is a reference by one of the parameters; undefined for any other key. */
export function referenceTarget(key: string, parameters: readonly number[]): string | undefined {
  const mark = key.indexOf('>');
  if (mark <= 0) return undefined;
  const number = key.slice(0, mark);
  return parameters.some((parameter) => String(parameter) === number) ? key.slice(mark + 1) : undefined;
}

/** {@link indexKey}.reference in SQL. @param target SQL of type text */
export const referenceKeySql = (parameter: number, target: string): string =>
  `'${keyPrefix.reference(parameter)}' || ${target}`;

/** Whether a key may be a reference, in SQL. A text or a uri that contains `>` passes, too. */
export const mayBeReferenceSql = (key: string): string => `${key} LIKE '%>%'`;

/** The value behind a prefix of {@link keyPrefix}, in SQL. */
const valueSql = (key: string, prefix: string): string => `substr(${key}, ${prefix.length + 1})`;

/** The ends of the date in a key that begins with {@link keyPrefix}.pairWithDate, in SQL of type bigint. */
export function dateEndsSql(key: string, prefix: string): { low: string; high: string } {
  const ends = valueSql(key, prefix);
  return { low: `split_part(${ends}, '@', 1)::bigint`, high: `split_part(${ends}, '@', 2)::bigint` };
}

/** Whether a key is a code of any system: every code of a row has such a key. */
const isCode = (key: string): boolean => /^\d+\|\|/.test(key);

/** Whether `shared_reference` lists the shared resources that have the key: those of references and codes. */
export const isListed = (key: string): boolean => isReference(key) || isCode(key);

/** Whether a key is a reference by any parameter. */
export const isReference = (key: string): boolean => /^\d+>/.test(key);
