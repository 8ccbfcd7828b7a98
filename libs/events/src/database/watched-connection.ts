import type { QueryConfig } from 'pg';

/** Milliseconds that a session, or a connection of a pool for events, waits at most. */
export const limits = { connect: 5000, query: 15_000, end: 2000 };

/** Options of a connection that notices a server which answers nothing and refuses nothing. */
export const watchedConnection = () => ({
  connectionTimeoutMillis: limits.connect,
  query_timeout: limits.query,
  keepAlive: true,
  keepAliveInitialDelayMillis: limits.connect,
});

/** A statement that may take long: a change of tables, or a deletion of many rows. */
export function unhurried(text: string, values?: unknown[]): QueryConfig {
  // Not in the types of pg: a limit for one query.
  return { text, values, ...{ query_timeout: 3_600_000 } };
}
