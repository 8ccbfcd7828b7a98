import { createHash } from 'node:crypto';
import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';

/** Shapes of statements that are kept prepared on each connection; further ones are planned each time. */
const mostPrepared = 400;
const names = new Map<string, string>();

/** A pool, or connections that many statements share. */
export interface Database {
  query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>>;
}

/** Runs a statement, prepared under a name when its shape is one of the first to come. */
export async function run<Row>(database: Database, text: string, values: unknown[]): Promise<Row[]> {
  let name = names.get(text);
  if (name === undefined && names.size < mostPrepared) {
    name = `s${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  const { rows } = await database.query(name === undefined ? { text, values } : { name, text, values });
  return rows as Row[];
}
