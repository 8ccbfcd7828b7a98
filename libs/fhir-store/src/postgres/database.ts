import { createHash } from 'node:crypto';
import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { textAsBytes } from './bytes-client.js';

/** Shapes of statements that are kept prepared on each connection; further ones are planned each time. */
const mostPrepared = 400;
/** Characters of a statement that is kept; a plan takes several hundred times as many bytes, on each connection. */
const longestPrepared = 10_000;
const names = new Map<string, string>();

/** A pool, or connections that many statements share. */
export interface Database {
  query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>>;
}

/** A text value: bytes of UTF-8 when it is long and from a {@link BytesClient}, else a string. What has less than 256 bytes, as names and ids, always is one. */
export type Text = string | Buffer;

/** Runs a statement, prepared under a name when its shape is one of the first to come and not a long one. Values of type `text` are {@link Text}. */
export async function run<Row>(database: Database, text: string, values: unknown[]): Promise<Row[]> {
  let name = names.get(text);
  if (name === undefined && names.size < mostPrepared && text.length <= longestPrepared) {
    name = `s${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  const { rows } = await database.query({
    ...(name === undefined ? {} : { name }),
    text,
    values,
    types: textAsBytes,
  });
  return rows as Row[];
}
