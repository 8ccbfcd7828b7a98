import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { Database } from '../postgres/database.js';

/** Milliseconds charged for a statement on a shared connection, where its own time cannot be measured. */
const sharedStatement = 0.5;

/** Milliseconds that a request takes, without the time that it waits for its turn. */
export class Meter {
  /** Time of this process and of the database. */
  time = 0;
  /** Processor time of this process alone. */
  processor = 0;
  private since = performance.now();
  private usedBefore = usedProcessor();

  /** The request continues after a wait. */
  resume(): void {
    this.since = performance.now();
    this.usedBefore = usedProcessor();
  }

  /** The request begins to wait, or ends. */
  pause(): void {
    const [now, used] = [performance.now(), usedProcessor()];
    // The smaller of the two times. The clock runs while other programs have the processor, and other threads
    // of this process use processor time for other requests.
    const taken = Math.min(now - this.since, used - this.usedBefore);
    this.time += taken;
    this.processor += taken;
    this.since = now;
    this.usedBefore = used;
  }
}

/** Milliseconds of processor time of this process; exact for the running thread. */
function usedProcessor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** A database whose connections many statements share at once. */
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
