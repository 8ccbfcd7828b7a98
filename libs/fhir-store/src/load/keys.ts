/** A resource by type and id. */
export interface Key {
  type: string;
  id: string;
}

export const nameOf = ({ type, id }: Key) => `${type}/${id}`;

/** @param name `Type/id` */
export function keyOf(name: string): Key {
  const slash = name.indexOf('/');
  return { type: name.slice(0, slash), id: name.slice(slash + 1) };
}

/** The keys as two columns. */
export const columnsOf = (keys: readonly Key[]) => [keys.map(({ type }) => type), keys.map(({ id }) => id)];

/**
 * An array of PostgreSQL as text. `pg` would look into each text for characters that it must escape.
 * @param texts types, ids or references: they have neither quotation marks nor backslashes
 */
export const textArray = (texts: readonly string[]): string =>
  texts.length === 0 ? '{}' : `{"${texts.join('","')}"}`;

/**
 * The keys in runs of one type, so that an index is probed once per type instead of once per key (half the
 * cost): the values of the four parameters of {@link fromRuns}.
 * @param names `Type/id` each
 */
export function runsByType(names: readonly string[]): unknown[] {
  const types: string[] = [];
  const [first, last]: [number[], number[]] = [[], []];
  const sorted = [...names].sort();
  const ids = sorted.map((name) => name.slice(name.indexOf('/') + 1));
  sorted.forEach((name, i) => {
    const type = name.slice(0, name.indexOf('/'));
    if (types.at(-1) !== type) {
      types.push(type);
      first.push(i + 1);
    }
    last[types.length - 1] = i + 1;
  });
  return [textArray(types), first, last, textArray(ids)];
}

/**
 * The rows of a table for keys that {@link runsByType} made parameters of, in SQL.
 * @param type and id: the columns of the table that are compared with the keys
 */
export const fromRuns = (table: string, type = 'type', id = 'id'): string =>
  `unnest($1::text[], $2::int[], $3::int[]) AS run (type, first, last)
   JOIN ${table} r ON r.${type} = run.type AND r.${id} = ANY(($4::text[])[run.first:run.last])`;
