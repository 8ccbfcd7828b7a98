/**
 * Timeouts of a serving connection, in milliseconds, as `pg` takes them. When the database does not answer,
 * requests fail with 503 instead of waiting. PostgreSQL ends a slow statement before the client gives up,
 * because the client's timeout does not end the statement.
 */
export const databaseTimeouts = {
  connectionTimeoutMillis: 5000,
  statement_timeout: 14_000,
  query_timeout: 15_000,
};
