import { isCompartmentType, isHumanName } from '../definitions/definitions.js';
import { cutString, longestSharedString } from '../index/shared-strings.js';
import { likeText, type Statement } from '../postgres/statement.js';
import { fold } from './fold.js';
import { missing } from './missing.js';
import {
  comparison,
  type ConditionContext,
  type FixedComparison,
  type ParameterType,
  type Row,
  type ValueFilter,
} from './parameter-type.js';
import { isObject, textOf, unescape } from './values.js';

/* Parameters of type string: strings, HumanNames, Addresses (FHIR R4 §3.1.1.4.8). */

/** The strings of a value. A HumanName and an Address have one for each part. */
export function stringsOf(value: unknown): string[] {
  if (!isObject(value)) return [textOf(value)].filter((part) => part !== undefined);
  const parts = [
    value.text,
    value.family,
    value.given,
    value.prefix,
    value.suffix,
    value.line,
    value.city,
    value.district,
    value.state,
    value.postalCode,
    value.country,
  ];
  return parts.flat().filter((part): part is string => typeof part === 'string');
}

/** How a modifier compares. */
interface Way {
  /** The test of a row's own string `v`. */
  own(filter: ValueFilter, statement: Statement, v: string): string;
  column: 'string_value' | 'string_folded';
  /** The test of the folded string of a shared resource. */
  shared(folded: string, statement: Statement, column: string): string;
  /** Whether the folded strings alone cannot decide. */
  needsOwn?: boolean;
}

const isLike =
  (patternsOf: (start: string, filter: ValueFilter) => string[]): Way['own'] =>
  (filter, statement, v) => {
    const patterns = filter.values
      .map((value) => fold(unescape(value)))
      .flatMap((folded) => (folded === '' ? [''] : patternsOf(`${likeText(folded)}%`, filter)));
    return `${v} LIKE ANY(${statement.bind(patterns, '::text[]')})`;
  };

const isEqual: Way['shared'] = (folded, statement, column) =>
  `${column} = ${statement.bind(folded, '::text')}`;

/**
 * The range from the string itself to the last string that begins with it. No character comes after U+10FFFF.
 */
const beginsWith: Way['shared'] = (folded, statement, column) => {
  const start = statement.bind(folded, '::text');
  return `(${column} >= ${start} AND ${column} < ${start} || U&'\\+10FFFF')`;
};

const beginning: Way = {
  own: isLike((start, { definition }) => (isHumanName(definition) ? [start, `% ${start}`] : [start])),
  column: 'string_folded',
  shared: beginsWith,
};

const containing: Way = {
  own: isLike((start) => [`%${start}`]),
  column: 'string_folded',
  shared: (folded, statement, column) =>
    `${column} LIKE ${statement.bind(`%${likeText(folded)}%`, '::text')}`,
};

const exactly: Way = {
  own: ({ values }, statement, v) => `${v} = ANY(${statement.bind(values.map(unescape), '::text[]')})`,
  column: 'string_value',
  // A shortened string is compared by its beginning.
  shared: (folded, statement, column) =>
    (folded.length < longestSharedString ? isEqual : beginsWith)(folded, statement, column),
  needsOwn: true,
};

/** Tests a row's own strings one after another: a patient has few resources of a type. */
function amongOwn(statement: Statement, alias: string, filter: ValueFilter, way: Way): string {
  const s = statement.alias();
  const number = statement.bind(filter.definition.number, '::smallint');
  const matches = way.own(filter, statement, `${s}.v`);
  return `EXISTS (SELECT 1 FROM unnest(${alias}.string_param, ${alias}.${way.column}) AS ${s} (p, v) WHERE ${s}.p = ${number} AND ${matches})`;
}

/** Searches `shared_string`, which also has the beginning of each word of a name. */
function amongShared(context: ConditionContext, { type, alias }: Row, filter: ValueFilter, way: Way): string {
  const { statement } = context;
  const s = statement.alias();
  const folded = filter.values.map((value) => fold(unescape(value)));
  const matches = folded.map((whole) => {
    const text = cutString(whole);
    return (text === '' ? isEqual : way.shared)(text, statement, `${s}.folded`);
  });
  const found = `${alias}.id = ANY(ARRAY(SELECT ${s}.id FROM shared_string ${s}
    WHERE ${s}.type = ${statement.bind(type)} AND ${s}.param = ${statement.bind(filter.definition.number, '::smallint')} AND (${matches.join(' OR ')})))`;
  return way.needsOwn || folded.some((text) => text.length > longestSharedString)
    ? `(${found} AND ${amongOwn(statement, alias, filter, way)})`
    : found;
}

const comparedBy = (cost: number, way: Way): FixedComparison =>
  comparison(cost, (context, row, filter) =>
    context.container || isCompartmentType(row.type)
      ? amongOwn(context.statement, row.alias, filter, way)
      : amongShared(context, row, filter, way),
  );

export const string: ParameterType = {
  index(entries, { definition }, found) {
    for (const value of found.flatMap(stringsOf)) entries.addString(definition.number, value, fold(value));
  },
  plain: comparedBy(4, beginning),
  modifiers: { exact: comparedBy(2, exactly), contains: comparedBy(10, containing), missing },
  sort: (row, parameter, end, statement) => {
    const v = statement.alias();
    return {
      sql: `SELECT ${end}(${v}.x COLLATE "C") FROM unnest(${row}.string_param, ${row}.string_folded) AS ${v} (p, x) WHERE ${v}.p = ${parameter}`,
      cast: 'text',
    };
  },
};
