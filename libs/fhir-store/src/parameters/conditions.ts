import { searchKey } from '../index/search-key.js';
import type { Statement } from '../postgres/statement.js';
import type { ConditionContext, Row } from './parameter-type.js';

/* Conditions that several types of parameters share. */

/**
 * Keys as the text of an SQL array. The driver would quote each number of an array, which takes longer than
 * all else that this process does for a long list.
 */
const arrayOf = (keys: readonly number[]) => `{${keys.join()}}`;

/**
 * Most keys that PostgreSQL compares with a row one by one: it compares each key of the row with each key of
 * the search, 4 s for 5,000 keys and 5,000 rows.
 */
const keysAtOnce = 100;

/** Rows that have at least one of the index keys. A long list is looked up in a hash table. */
export function hasAny(statement: Statement, alias: string, indexKeys: readonly string[]): string {
  const keys = statement.bind(arrayOf(indexKeys.map(searchKey)), '::bigint[]');
  if (indexKeys.length <= keysAtOnce) return `${alias}.keys && ${keys}`;
  const key = statement.alias();
  return `coalesce((SELECT bool_or(${key}.v IN (SELECT unnest(${keys}))) FROM unnest(${alias}.keys) AS ${key} (v)), false)`;
}

/**
 * The ids of shared resources that have one of the keys, by the index over keys alone. The planner would
 * otherwise combine it with an index over the type and read all rows of the type. It takes a row with some of
 * very many keys for likely, and would read all rows. So the keys come in groups, of which it knows no size.
 */
function idsByIndex(statement: Statement, type: string, keys: readonly number[]): string {
  const groups: string[] = [];
  for (let at = 0; at < keys.length; at += keysAtOnce) groups.push(arrayOf(keys.slice(at, at + keysAtOnce)));
  const [only, ...others] = groups;
  const found =
    others.length === 0
      ? `(SELECT type, id FROM shared_resource WHERE keys && ${statement.bind(only, '::bigint[]')} OFFSET 0) AS found`
      : `unnest(${statement.bind(groups, '::text[]')}) AS part (keys) CROSS JOIN LATERAL (
      SELECT type, id FROM shared_resource WHERE keys && part.keys::bigint[] OFFSET 0) AS found`;
  return `ARRAY(SELECT found.id FROM ${found} WHERE found.type = '${type}')`;
}

/**
 * Rows that have at least one of the index keys. The index finds all rows with a key before the first page is
 * known, so it serves rare keys only.
 */
export function isOneOf(
  context: ConditionContext,
  { type, alias }: Row,
  indexKeys: readonly string[],
): string {
  const { statement, access, container } = context;
  if (access.patient !== undefined || container) return hasAny(statement, alias, indexKeys);
  const [common, rare]: [string[], number[]] = [[], []];
  for (const indexKey of indexKeys) {
    const key = searchKey(indexKey);
    if (context.isFrequent(key)) common.push(indexKey);
    else rare.push(key);
  }
  const byIndex = () => `${alias}.id = ANY(${idsByIndex(statement, type, rare)})`;
  if (common.length === 0) return byIndex();
  if (indexKeys.length <= keysAtOnce) return hasAny(statement, alias, indexKeys);
  const isCommon = hasAny(statement, alias, common);
  return rare.length === 0 ? isCommon : `(${isCommon} OR ${byIndex()})`;
}

/** Rows with a key, kept as text, that matches one of the LIKE patterns. */
export function hasKeyLike(statement: Statement, alias: string, patterns: readonly string[]): string {
  const key = statement.alias();
  return `EXISTS (SELECT 1 FROM unnest(${alias}.tokens) AS ${key} (v) WHERE ${key}.v LIKE ANY(${statement.bind(patterns, '::text[]')}))`;
}

/** SQL of an interval that a row has. */
export interface RowInterval {
  low: string;
  high: string;
  unit: string;
}

/** The arrays with the intervals of a row: at the same place the parameter, the ends and the unit. */
const intervalArrays = {
  date: { parameter: 'date_param', ends: ['date_low', 'date_high'] },
  number: { parameter: 'number_param', ends: ['number_low', 'number_high', 'number_unit'] },
} as const;

/** The most tests that are written twice. A longer list would make the statement twice as long. */
const testsInPlace = 10;

/**
 * Rows with an interval of a parameter that passes one of the tests. Most rows have one date of a parameter,
 * which is read by its place: unfolding the arrays of a row takes ten times as long. A quantity has several
 * entries, one for each name of its unit.
 */
export function hasInterval(
  statement: Statement,
  alias: string,
  kind: keyof typeof intervalArrays,
  parameter: number,
  tests: readonly ((row: RowInterval) => string)[],
): string {
  const { parameter: parameters, ends } = intervalArrays[kind];
  const asked = statement.bind(parameter, '::smallint');
  const passes = ([low = '', high = '', unit = '']: readonly string[]) =>
    `(${tests.map((test) => test({ low, high, unit })).join(' OR ')})`;
  const v = statement.alias();
  const arrays = [parameters, ...ends].map((array) => `${alias}.${array}`);
  const unfolded = `EXISTS (SELECT 1 FROM unnest(${arrays.join(', ')}) AS ${v} (parameter, ${ends.join(', ')})
    WHERE ${v}.parameter = ${asked} AND ${passes(ends.map((end) => `${v}.${end}`))})`;
  if (kind === 'number' || tests.length > testsInPlace) return unfolded;
  const first = `array_position(${alias}.${parameters}, ${asked})`;
  return `CASE WHEN ${first} IS NULL THEN false
    WHEN array_position(${alias}.${parameters}, ${asked}, ${first} + 1) IS NULL
    THEN ${passes(ends.map((end) => `${alias}.${end}[${first}]`))}
    ELSE ${unfolded} END`;
}

/** The ends of an interval as placeholders, bound when they are used first. */
export function boundEnds(statement: Statement, range: { low: number; high: number }, cast: string) {
  let low: string | undefined;
  let high: string | undefined;
  return {
    get low() {
      return (low ??= statement.bind(range.low, cast));
    },
    get high() {
      return (high ??= statement.bind(range.high, cast));
    },
  };
}

/** The first or last value of a key of a parameter, by code point. @param prefix of `keyPrefix` */
export function sortByKey(row: string, prefix: string, end: 'min' | 'max', statement: Statement) {
  const v = statement.alias();
  return {
    sql: `SELECT ${end}(substr(${v}.x, ${prefix.length + 1}) COLLATE "C") FROM unnest(${row}.tokens) AS ${v} (x) WHERE starts_with(${v}.x, '${prefix}')`,
    cast: 'text' as const,
  };
}
