import { searchKey } from '../index/search-key.js';
import type { Statement } from '../postgres/statement.js';
import type { ConditionContext, Row } from './parameter-type.js';

/* Conditions that several types of parameters share. */

/**
 * Keys as the text of an SQL array. The driver would quote each number of an array, which takes longer than all
 * else that this process does for a long list.
 */
const arrayOf = (keys: readonly number[]) => `{${keys.join()}}`;

/** Rows that have at least one of the index keys. */
export const hasAny = (statement: Statement, alias: string, keys: readonly string[]): string =>
  `${alias}.keys && ${statement.bind(arrayOf(keys.map(searchKey)), '::bigint[]')}`;

/**
 * Most keys that PostgreSQL compares with a row at a time. It takes a row with some of very many keys for
 * likely, reads all rows, and compares each key of a row with each key of the search: 0.8 s for 2,000 keys and
 * 600 rows.
 */
const keysAtOnce = 100;

/**
 * The keys as groups (`part.keys`, an SQL table). The planner does not know how many keys a group has, so it
 * uses the index for each.
 */
function groupsOf(statement: Statement, keys: readonly number[]): string {
  const groups: string[] = [];
  for (let at = 0; at < keys.length; at += keysAtOnce) groups.push(arrayOf(keys.slice(at, at + keysAtOnce)));
  return `unnest(${statement.bind(groups, '::text[]')}) AS part (keys)`;
}

/**
 * Rows that have at least one of the index keys. When few shared resources have them, the condition makes
 * PostgreSQL use the index over keys alone. The planner would otherwise combine it with an index over the
 * type and read all rows of the type.
 */
export function isOneOf(
  context: ConditionContext,
  { type, alias }: Row,
  indexKeys: readonly string[],
): string {
  const { statement, access, container } = context;
  const keys = indexKeys.map(searchKey);
  const isOfDirectory = access.patient === undefined && !container;
  if (isOfDirectory && keys.length > keysAtOnce)
    return `${alias}.id = ANY(ARRAY(SELECT found.id FROM ${groupsOf(statement, keys)} CROSS JOIN LATERAL (
      SELECT type, id FROM shared_resource WHERE keys && part.keys::bigint[] OFFSET 0) AS found WHERE found.type = '${type}'))`;
  if (!isOfDirectory || keys.some((key) => context.isFrequent(key)))
    return hasAny(statement, alias, indexKeys);
  return `${alias}.id = ANY(ARRAY(SELECT found.id FROM (
    SELECT type, id FROM shared_resource WHERE keys && ${statement.bind(arrayOf(keys), '::bigint[]')} OFFSET 0) AS found WHERE found.type = '${type}'))`;
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

const intervalColumns = {
  date: (alias: string, v: string) =>
    `unnest(${alias}.date_param, ${alias}.date_low, ${alias}.date_high) AS ${v} (p, l, h)`,
  number: (alias: string, v: string) =>
    `unnest(${alias}.number_param, ${alias}.number_low, ${alias}.number_high, ${alias}.number_unit) AS ${v} (p, l, h, u)`,
};

/** Rows with an interval of a parameter that passes one of the tests. */
export function hasInterval(
  statement: Statement,
  alias: string,
  kind: keyof typeof intervalColumns,
  parameter: number,
  tests: readonly ((row: RowInterval) => string)[],
): string {
  const v = statement.alias();
  const row = { low: `${v}.l`, high: `${v}.h`, unit: `${v}.u` };
  const passed = tests.map((test) => test(row)).join(' OR ');
  return `EXISTS (SELECT 1 FROM ${intervalColumns[kind](alias, v)} WHERE ${v}.p = ${statement.bind(parameter, '::smallint')} AND (${passed}))`;
}

/** The ends of an interval as placeholders, bound when they are used. */
export function boundEnds(statement: Statement, range: { low: number; high: number }, cast: string) {
  return {
    get low() {
      return statement.bind(range.low, cast);
    },
    get high() {
      return statement.bind(range.high, cast);
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
