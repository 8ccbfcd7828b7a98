import { nearness } from '../parameters/near.js';
import type { Filter, Search, SortKey } from './parse.js';
import type { Statement } from './sql.js';

interface SortColumn {
  sql: string;
  /** SQL type of the value, for reading it back from a cursor. */
  cast: 'text' | 'bigint' | 'float8';
  descending: boolean;
}

/** What a row is sorted by; rows without the value come last in either direction. */
function sortColumn(statement: Statement, alias: string, { definition, descending }: SortKey): SortColumn {
  const { number, type, code } = definition;
  const end = descending ? 'max' : 'min';
  const v = statement.alias();
  if (code === '_id') return { sql: `${alias}.id`, cast: 'text', descending };
  if (code === '_lastUpdated')
    return { sql: `(extract(epoch FROM ${alias}.last_updated) * 1000)::bigint`, cast: 'bigint', descending };
  const last = {
    text: [`''`, `U&'\\+10FFFF'`],
    bigint: [`'-9223372036854775808'`, `'9223372036854775807'`],
    float8: [`'-Infinity'`, `'Infinity'`],
  };
  // By code point, so that what stands for a missing value is last under every locale of the database.
  const column = (sql: string, cast: SortColumn['cast']): SortColumn => ({
    sql: `coalesce((${sql}), ${last[cast][descending ? 0 : 1]}::${cast})${cast === 'text' ? ' COLLATE "C"' : ''}`,
    cast,
    descending,
  });
  switch (type) {
    case 'date':
      return column(
        `SELECT ${end}(${v}.x) FROM unnest(${alias}.date_param, ${alias}.date_${descending ? 'high' : 'low'}) AS ${v} (p, x) WHERE ${v}.p = ${number}`,
        'bigint',
      );
    case 'quantity':
    case 'number':
      return column(
        `SELECT ${end}(${v}.x) FROM unnest(${alias}.number_param, ${alias}.number_low) AS ${v} (p, x) WHERE ${v}.p = ${number}`,
        'float8',
      );
    case 'string':
      return column(
        `SELECT ${end}(${v}.x COLLATE "C") FROM unnest(${alias}.string_param, ${alias}.string_folded) AS ${v} (p, x) WHERE ${v}.p = ${number}`,
        'text',
      );
    default: {
      const mark = type === 'reference' ? '>' : type === 'uri' ? '=' : '||';
      const prefix = `${number}${mark}`;
      return column(
        `SELECT ${end}(substr(${v}.x, ${prefix.length + 1}) COLLATE "C") FROM unnest(${alias}.tokens) AS ${v} (x) WHERE starts_with(${v}.x, '${prefix}')`,
        'text',
      );
    }
  }
}

/** Whether a place to be near is all that is asked for. */
export const isNearest = (filters: readonly Filter[]): boolean =>
  filters.length === 1 && placeOf(filters) !== undefined;

/** The place that matches are to be near, when there is just one. */
function placeOf(filters: readonly Filter[]): string | undefined {
  const [place, ...others] = filters.filter(
    (filter) => filter.kind === 'value' && filter.definition.code === 'near' && filter.modifier === undefined,
  );
  return place?.kind === 'value' && place.values.length === 1 && others.length === 0
    ? place.values[0]
    : undefined;
}

/** Places that are looked for near one another come nearest first, unless another order is asked for. */
function implied(statement: Statement, alias: string, filters: readonly Filter[]): SortColumn[] {
  const place = placeOf(filters);
  if (place === undefined) return [];
  return [{ sql: nearness(statement, alias, place), cast: 'float8', descending: false }];
}

export interface Order {
  /** Columns to select, so that a cursor can be made of the last row: `k0`, `k1` … */
  select: string;
  orderBy: string;
  /** Condition for the rows after a cursor's. */
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
    orderBy: [...columns.map(({ descending }, n) => `k${n}${descending ? ' DESC' : ''}`), `${alias}.id`].join(
      ', ',
    ),
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
