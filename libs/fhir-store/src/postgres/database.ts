import { createHash } from 'node:crypto';
import type { QueryConfig, QueryResultRow } from 'pg';
import { textAsBytes } from './bytes-client.js';

/** Statements that stay prepared on each connection. Others are planned each time. */
const maxPrepared = 400;
/**
 * Longest statement that stays prepared, in characters. Its plan takes several hundred times as many bytes on
 * each connection.
 */
const maxPreparedLength = 10_000;
const names = new Map<string, string>();

/** A pool, or a connection that many statements share. */
export interface Database {
  query<Row extends QueryResultRow>(statement: QueryConfig): Promise<{ rows: Row[] }>;
}

/**
 * A text value: UTF-8 bytes when it is long and comes from a {@link BytesClient}, otherwise a string. Below
 * 256 bytes it is always a string.
 */
export type Text = string | Buffer;

/**
 * Runs a statement. The first short statements stay prepared. Values of type `text` are {@link Text}.
 * @param types says where the bytes are kept
 */
export async function run<Row>(
  database: Database,
  text: string,
  values: unknown[],
  types = textAsBytes,
): Promise<Row[]> {
  let name = names.get(text);
  if (name === undefined && names.size < maxPrepared && text.length <= maxPreparedLength) {
    name = `s${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    names.set(text, name);
  }
  const { rows } = await database.query({
    ...(name === undefined ? {} : { name }),
    text,
    values,
    types,
  });
  return rows as Row[];
}
