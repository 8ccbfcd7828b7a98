import type { DataSource, EntityManager } from 'typeorm';

/**
 * A database client for the small stores of this library: a data source, or the manager of a running
 * transaction.
 */
export type Queryable = Pick<EntityManager, 'query'> | Pick<DataSource, 'query'>;

/** Rows of a query, typed by the caller. */
export async function rowsOf<Row>(db: Queryable, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const result: unknown = await db.query(sql, parameters);
  // TypeORM answers UPDATE and DELETE with [rows, count].
  if (
    Array.isArray(result) &&
    result.length === 2 &&
    Array.isArray(result[0]) &&
    typeof result[1] === 'number'
  )
    return result[0] as Row[];
  return result as Row[];
}
