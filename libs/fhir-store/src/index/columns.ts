import type { ContainedValues, IndexValues } from './row.js';

export interface IndexColumn {
  column: string;
  /** The property of {@link IndexValues} that the column stores. */
  value: Exclude<keyof IndexValues, 'members'>;
  type: 'text[]' | 'bigint[]' | 'smallint[]' | 'float8[]' | 'float8' | 'jsonb';
}

/** The columns that hold a resource's index values, in the order in which the loader writes them. */
export const indexColumns: readonly IndexColumn[] = [
  { column: 'tokens', value: 'tokens', type: 'text[]' },
  { column: 'keys', value: 'keys', type: 'bigint[]' },
  { column: 'string_param', value: 'stringParam', type: 'smallint[]' },
  { column: 'string_value', value: 'stringValue', type: 'text[]' },
  { column: 'string_folded', value: 'stringFolded', type: 'text[]' },
  { column: 'date_param', value: 'dateParam', type: 'smallint[]' },
  { column: 'date_low', value: 'dateLow', type: 'bigint[]' },
  { column: 'date_high', value: 'dateHigh', type: 'bigint[]' },
  { column: 'number_param', value: 'numberParam', type: 'smallint[]' },
  { column: 'number_low', value: 'numberLow', type: 'float8[]' },
  { column: 'number_high', value: 'numberHigh', type: 'float8[]' },
  { column: 'number_unit', value: 'numberUnit', type: 'text[]' },
  { column: 'refs', value: 'references', type: 'text[]' },
  { column: 'latitude', value: 'latitude', type: 'float8' },
  { column: 'longitude', value: 'longitude', type: 'float8' },
  { column: 'contained', value: 'contained', type: 'jsonb' },
  { column: 'labels', value: 'labels', type: 'text[]' },
];

/** Contained resources have no labels (FHIR R4, DomainResource, dom-5). */
const containedColumns = indexColumns.filter(
  ({ column }) => !['refs', 'contained', 'labels'].includes(column),
);

/** The text as PostgreSQL returns it: valid UTF-8, without NUL. */
export const storable = (text: string): string => Buffer.from(text.replaceAll('\0', '')).toString();

/**
 * The value of the column `contained`: an array of objects with a member for each column. Empty members are
 * omitted.
 */
export function containedJson(contained: readonly ContainedValues[]): Record<string, unknown>[] {
  return contained.map(({ id, type, values }) => {
    const row: Record<string, unknown> = { id: storable(id), type };
    for (const { column, value } of containedColumns) {
      const held = values[value];
      if (Array.isArray(held)) {
        if (held.length > 0 || column === 'keys')
          row[column] = held.map((item) => (typeof item === 'string' ? storable(item) : item));
      } else if (held !== null) row[column] = held;
    }
    return row;
  });
}

/**
 * The contained resources of a row, as rows with the columns that conditions use. They have no time of a last
 * update (FHIR R4, DomainResource, dom-4).
 */
export const containedRows = (row: string, alias: string): string =>
  `jsonb_to_recordset(${row}.contained) AS ${alias} (id text, type text, last_updated timestamptz, ${containedColumns
    .map(({ column, type }) => `${column} ${type}`)
    .join(', ')})`;
