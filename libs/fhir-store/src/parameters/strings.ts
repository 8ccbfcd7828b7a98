import { isCompartmentType, isHumanName } from '../definitions/definitions.js';
import { fold } from './fold.js';
import { unescape, type Filter } from '../query/parse.js';
import { longestString } from '../migrations/shared-strings.migration.js';
import type { Statement } from '../query/sql.js';

type StringFilter = Extract<Filter, { kind: 'value' }>;

/**
 * Strings that begin with the value, contain it or are it (FHIR R4 §3.1.1.4.8).
 * @param type of the row when it is one of a table, undefined when it is contained in one
 */
export function stringCondition(
  statement: Statement,
  type: string | undefined,
  alias: string,
  filter: StringFilter,
): string {
  return type === undefined || isCompartmentType(type)
    ? amongOwn(statement, alias, filter)
    : amongShared(statement, type, alias, filter);
}

export const likeText = (text: string) => text.replace(/[\\%_]/g, '\\$&');

/** One after another: a member has few resources of a type. */
function amongOwn(
  statement: Statement,
  alias: string,
  { definition, modifier, values }: StringFilter,
): string {
  const s = statement.alias();
  const number = statement.bind(definition.number, '::smallint');
  const plain = values.map(unescape);
  const column = modifier === 'exact' ? 'string_value' : 'string_folded';
  const patterns = () =>
    plain.map(fold).flatMap((folded) => {
      if (folded === '') return [''];
      const start = `${likeText(folded)}%`;
      if (modifier === 'contains') return [`%${start}`];
      return isHumanName(definition) ? [start, `% ${start}`] : [start];
    });
  const matches =
    modifier === 'exact'
      ? `${s}.v = ANY(${statement.bind(plain, '::text[]')})`
      : `${s}.v LIKE ANY(${statement.bind(patterns(), '::text[]')})`;
  return `EXISTS (SELECT 1 FROM unnest(${alias}.string_param, ${alias}.${column}) AS ${s} (p, v) WHERE ${s}.p = ${number} AND ${matches})`;
}

/** By the index of `shared_string`, which also has what begins at each word of a name. */
function amongShared(statement: Statement, type: string, alias: string, filter: StringFilter): string {
  const { definition, modifier, values } = filter;
  const s = statement.alias();
  const folded = values.map((value) => fold(unescape(value)));
  const matches = folded.map((whole) => {
    const text = whole.slice(0, longestString);
    if (text === '' || (modifier === 'exact' && whole === text))
      return `${s}.folded = ${statement.bind(text, '::text')}`;
    if (modifier === 'contains') return `${s}.folded LIKE ${statement.bind(`%${likeText(text)}%`, '::text')}`;
    const start = statement.bind(text, '::text');
    // Up to the last string that begins so: no character comes after U+10FFFF.
    return `(${s}.folded >= ${start} AND ${s}.folded < ${start} || U&'\\+10FFFF')`;
  });
  const found = `${alias}.id = ANY(ARRAY(SELECT ${s}.id FROM shared_string ${s}
    WHERE ${s}.type = ${statement.bind(type)} AND ${s}.param = ${statement.bind(definition.number, '::smallint')} AND (${matches.join(' OR ')})))`;
  return modifier === 'exact' || folded.some((text) => text.length > longestString)
    ? `(${found} AND ${amongOwn(statement, alias, filter)})`
    : found;
}
