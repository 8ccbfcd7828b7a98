import type { Access } from '../access.js';
import { isCompartmentType } from '../definitions/definitions.js';
import { searchKey } from '../index/search-key.js';
import type { Statement } from '../postgres/statement.js';
import { listedKey } from './condition.js';
import type { Filter, Search } from './filter.js';
import type { KeyFrequencies } from './key-frequencies.js';
import { isNearest, type Order } from './sort.js';
import { listedRows, rowsByKeys, type Source } from './visible-rows.js';

/**
 * How a statement gets to the rows that have all the keys:
 *
 * - `scan`: in the order of the answer, row by row. A patient's rows are few; of a directory's, many have
 * common keys.
 * - {@link List}: by the list of the rows with one code, in the order of the answer.
 * - `index`: by the index over keys, in no order.
 * - `planner`: as PostgreSQL plans, which knows the conditions but not the values of a prepared statement.
 */
export type Route = 'scan' | List | 'index' | 'planner';

/** A list of rows in the order of their ids. */
export interface List {
  type: string;
  key: number;
  /** Whether each row of the list has all the keys of the search. */
  isExact: boolean;
}

/**
 * The route to a page of matches without a list.
 * @param hasConditions whether the search has conditions beside the keys
 */
export function routeToPage(
  search: Pick<Search, 'type' | 'sort' | 'count'>,
  access: Access,
  keys: readonly number[],
  hasConditions: boolean,
  frequencies: KeyFrequencies,
): Route {
  if (access.patient !== undefined) return 'scan';
  if (hasConditions) return routeToAll(access, keys, frequencies);
  const areCommon = search.sort.length === 0 && frequencies.areCommon(search.type, keys, search.count);
  return areCommon ? 'scan' : 'index';
}

/**
 * The list that has the matches of a search by one code, in the order of the answer. The list also has the
 * rows with the code of another system: where the system counts, only a common key uses the list.
 */
export function listOf(
  { type, filters, sort }: Pick<Search, 'type' | 'filters' | 'sort'>,
  access: Access,
  keys: readonly number[],
  frequencies: KeyFrequencies,
): List | undefined {
  const [filter] = filters;
  if (access.patient !== undefined || filters.length !== 1 || keys.length !== 1 || sort.length > 0)
    return undefined;
  const listed = listedKey(filter!);
  if (listed === undefined) return undefined;
  const key = searchKey(listed);
  const isExact = keys[0] === key;
  return isExact || frequencies.isFrequent(keys[0]!) ? { type, key, isExact } : undefined;
}

/** The route to all rows with the keys, in no order. */
export function routeToAll(access: Access, keys: readonly number[], frequencies: KeyFrequencies): Route {
  if (access.patient !== undefined) return 'scan';
  return keys.some((key) => !frequencies.isFrequent(key)) ? 'index' : 'planner';
}

/** The rows of a source, named `r`, that have all the keys. */
export function rowsWithKeys(
  statement: Statement,
  { from, where }: Source,
  keys: readonly number[],
  route: Route,
): Source {
  if (keys.length === 0) return { from, where };
  const and = (conditions: string[]) => [where, ...conditions].join(' AND ');
  const each = (those: readonly number[]) =>
    and(those.map((key) => `${statement.bind(key, '::bigint')} = ANY(r.keys)`));
  if (typeof route === 'object')
    return {
      from: listedRows(statement, from, 'r', route),
      where: each(keys.filter((key) => key !== route.key)),
    };
  switch (route) {
    case 'scan':
      return { from, where: each(keys) };
    case 'index':
      return { from: rowsByKeys(statement, from, 'r', keys), where };
    case 'planner':
      return { from, where: and([`r.keys @> ${statement.bind(keys, '::bigint[]')}`]) };
  }
}

/**
 * Reads the rest of the shared rows that a query has chosen by `place_in_table` (see `rowsByKeys`). The index
 * over keys gives many rows in no order: sorting whole rows costs more than reading the rows of a page again.
 * The same statement sees the same version of a row at its place. Only for `shared_resource`: in a
 * partitioned table, rows of several partitions have the same place. OFFSET keeps the planner from reading
 * the whole table.
 * @param chosen selects `place_in_table`, the id and the sort values
 * @param columns of the row `r`, without its id
 */
export const wholeSharedRows = (chosen: string, columns: string, order: Order): string =>
  `SELECT chosen.id, whole.*${order.selectFrom('chosen')} FROM (${chosen}) AS chosen
   CROSS JOIN LATERAL (SELECT ${columns} FROM shared_resource AS r WHERE r.ctid = chosen.place_in_table OFFSET 0) AS whole
   ORDER BY ${order.orderBy('chosen')}`;

/** An answer with more resources than this is large. */
const usualCount = 100;

/** The most values with which a quick search may compare a row. */
const fewValues = 100;

/**
 * Whether a page is sure to cost little, so that it may share a connection with others. Such a page compares
 * the values of a patient's own rows, or reads a directory's rows in the order of an index.
 */
export function isQuick({ type, filters, sort, count, revincludes }: Search, route: Route): boolean {
  const isShort = (filter: Filter) => filter.kind === 'value' && filter.values.length <= fewValues;
  if (count > usualCount || revincludes.length > 0 || !filters.every(isShort)) return false;
  return (
    isCompartmentType(type) ||
    route === 'scan' ||
    (typeof route === 'object' && route.isExact) ||
    (isNearest(filters) && sort.length === 0)
  );
}

/**
 * Whether an answer may have thousands of resources: matches, resources that reference them, or resources of
 * several rounds of includes.
 */
export const isLarge = ({ count, includes, revincludes }: Search): boolean =>
  count > usualCount ||
  revincludes.length > 0 ||
  includes.some(({ iterate, definition }) => iterate || definition === undefined);
