import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { SharedReads } from './shared-reads.js';

const sharedReads = new WeakMap<Pool, SharedReads>();

const poolOf = (source: DataSource) => (source.driver as unknown as { master: Pool }).master;

/**
 * Rows of a statement outside any transaction, for statements that run with every request. PostgreSQL parses
 * and plans the statement once per connection, which for a join takes longer than to run it.
 * @param name identifies the text on a connection, so it changes with the text
 */
export async function preparedRows<Row>(
  source: DataSource,
  name: string,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  return (await poolOf(source).query({ name, text, values })).rows as Row[];
}

/** Like {@link preparedRows}, for a short statement that only reads: it shares {@link SharedReads}. */
export function readRows<Row>(
  source: DataSource,
  name: string,
  text: string,
  values: unknown[],
): Promise<Row[]> {
  const pool = poolOf(source);
  let reads = sharedReads.get(pool);
  if (!reads) sharedReads.set(pool, (reads = new SharedReads(pool)));
  return reads.ask<Row>({ name, text, values });
}
