/** A `pg` client, or TypeORM's data source or entity manager. */
export interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** Rows of a query, whichever of the two answers it. TypeORM answers UPDATE and DELETE with [rows, count]. */
export async function queryRows<Row>(
  client: Queries,
  sql: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  const result: unknown = await client.query(sql, parameters);
  if (!Array.isArray(result)) return (result as { rows: Row[] }).rows;
  const [first, count] = result as unknown[];
  return (Array.isArray(first) && typeof count === 'number' ? first : result) as Row[];
}
