/**
 * The part of TypeORM's EntityManager (or of a `pg` client) that statements in the caller's transaction need.
 */
export interface TransactionClient {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** The rows of a query result: TypeORM returns the rows, `pg` an object with the rows. */
export function rowsFrom<Row>(result: unknown): Row[] {
  return Array.isArray(result) ? (result as Row[]) : (result as { rows: Row[] }).rows;
}
