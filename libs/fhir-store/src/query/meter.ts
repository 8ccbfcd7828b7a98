import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { Database } from '../postgres/database.js';

/** What a connection that many share is charged for a statement: its own time cannot be told from that of the others. */
const sharedStatement = 0.5;

/** Milliseconds that a request takes; not those in which it waits for its turn. */
export class Meter {
  /** Of this process and of the database. */
  time = 0;
  /** Of this process alone. */
  processor = 0;
  private since = performance.now();

  /** The request goes on after it has waited. */
  resume(): void {
    this.since = performance.now();
  }

  /** The request is about to wait, or is done. */
  pause(): void {
    const now = performance.now();
    this.time += now - this.since;
    this.processor += now - this.since;
    this.since = now;
  }
}

/** Connections that many statements share at once. */
export function metered(database: Database, meter: Meter): Database {
  return {
    async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<QueryResult<Row>> {
      meter.pause();
      try {
        return await database.query<Row>(statement);
      } finally {
        meter.time += sharedStatement;
        meter.resume();
      }
    },
  };
}
