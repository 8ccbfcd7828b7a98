import { rowsFrom, type TransactionClient } from '../database/transaction-client.js';

/** A `pg` client, or TypeORM's data source or entity manager. */
export type Queries = TransactionClient;

/** The rows of a query, from either client. TypeORM answers UPDATE and DELETE with [rows, count]. */
export async function queryRows<Row>(
  client: Queries,
  sql: string,
  parameters: unknown[] = [],
): Promise<Row[]> {
  const rows = rowsFrom<Row>(await client.query(sql, parameters));
  const [first, count] = rows as unknown[];
  return Array.isArray(first) && typeof count === 'number' ? (first as Row[]) : rows;
}
