import { parameterDefinition } from '../definitions/definitions.js';
import { nearness } from '../parameters/near.js';
import { parameterTypeOf } from '../parameters/parameter-types.js';
import type { SortValue } from '../parameters/parameter-type.js';
import type { Statement } from '../postgres/statement.js';
import type { Filter, Search, SortKey } from './filter.js';
import { allowedParameters } from './parse-filter.js';
import { Ignored } from './unsupported-parameters.js';

/**
 * Reads one key of `_sort` (FHIR R4 Search, Sorting).
 * @throws Ignored when rows of the type cannot be sorted by it
 */
export function parseSortKey(type: string, name: string, part: string): SortKey {
  const descending = part.startsWith('-');
  const code = descending ? part.slice(1) : part;
  const definition = parameterDefinition(type, code);
  if (!definition || !parameterTypeOf(definition).sort)
    throw new Ignored(`${name}: ${type} cannot be sorted by "${code}"; ${allowedParameters(type)}`);
  return { definition, descending };
}

interface SortColumn {
  sql: string;
  /** SQL type of the value, for reading it back from a cursor. */
  cast: SortValue['cast'];
  descending: boolean;
}

/**
 * The values before and after all others, for rows without a value. Such rows come last in either direction.
 */
const lastValues: Record<SortValue['cast'], { ascending: string; descending: string }> = {
  text: { ascending: `U&'\\+10FFFF'`, descending: `''` },
  bigint: { ascending: `'9223372036854775807'`, descending: `'-9223372036854775808'` },
  float8: { ascending: `'Infinity'`, descending: `'-Infinity'` },
};

/**
 * The column by which rows are sorted.
 * @throws Error when rows cannot be sorted by the parameter; the parser refuses such a search
 */
function sortColumn(statement: Statement, row: string, { definition, descending }: SortKey): SortColumn {
  const { sort } = parameterTypeOf(definition);
  if (!sort) throw new Error(`Rows cannot be sorted by ${definition.code}`);
  const { sql, cast, isAlwaysThere } = sort(row, definition.number, descending ? 'max' : 'min', statement);
  if (isAlwaysThere) return { sql, cast, descending };
  const last = lastValues[cast][descending ? 'descending' : 'ascending'];
  // By code point, so that the last value is last under every locale of the database.
  const collation = cast === 'text' ? ' COLLATE "C"' : '';
  return { sql: `coalesce((${sql}), ${last}::${cast})${collation}`, cast, descending };
}

/** Whether a search has no other condition than a place to be near. */
export const isNearest = (filters: readonly Filter[]): boolean =>
  filters.length === 1 && placeOf(filters) !== undefined;

/** The place that a search asks to be near. Undefined when there is none, or more than one. */
function placeOf(filters: readonly Filter[]): string | undefined {
  const [place, ...others] = filters.filter(
    (filter) => filter.kind === 'value' && filter.definition.code === 'near' && filter.modifier === undefined,
  );
  return place?.kind === 'value' && place.values.length === 1 && others.length === 0
    ? place.values[0]
    : undefined;
}

/** The nearest matches come first, unless the search asks for another order. */
function implied(statement: Statement, alias: string, filters: readonly Filter[]): SortColumn[] {
  const place = placeOf(filters);
  if (place === undefined) return [];
  return [{ sql: nearness(statement, alias, place), cast: 'float8', descending: false }];
}

export interface Order {
  /** Columns to select, so that a cursor can be made of the last row: `k0`, `k1` … */
  select: string;
  /** The columns of `select` again, from a subquery with this alias that has selected them. */
  selectFrom(alias: string): string;
  /** @param alias of the rows, or of a subquery with their `select` and their id */
  orderBy(alias: string): string;
  /** Condition for the rows after the cursor. */
  after(keys: readonly string[], id: string): string;
  keys: number;
}

/** A total order of rows: the sort keys, then the id, so that pages neither overlap nor leave gaps. */
export function orderOf(statement: Statement, alias: string, { sort, filters }: Search): Order {
  const columns =
    sort.length > 0
      ? sort.map((key) => sortColumn(statement, alias, key))
      : implied(statement, alias, filters);
  return {
    keys: columns.length,
    select: columns.map(({ sql }, n) => `, ${sql} AS k${n}`).join(''),
    selectFrom: (subquery) => columns.map((_, n) => `, ${subquery}.k${n}`).join(''),
    orderBy: (rows) =>
      [...columns.map(({ descending }, n) => `k${n}${descending ? ' DESC' : ''}`), `${rows}.id`].join(', '),
    after: (keys, id) => {
      const steps: string[] = [];
      const equal: string[] = [];
      columns.forEach(({ sql, cast, descending }, n) => {
        const value = `${statement.bind(keys[n])}::${cast}`;
        steps.push(`(${[...equal, `${sql} ${descending ? '<' : '>'} ${value}`].join(' AND ')})`);
        equal.push(`${sql} = ${value}`);
      });
      steps.push(`(${[...equal, `${alias}.id > ${statement.bind(id)}`].join(' AND ')})`);
      return `(${steps.join(' OR ')})`;
    },
  };
}
