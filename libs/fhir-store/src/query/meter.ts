import type { QueryConfig, QueryResultRow } from 'pg';
import type { Database } from '../postgres/database.js';

/** Milliseconds charged for a statement on a shared connection, where its own time cannot be measured. */
const sharedStatement = 0.5;

/**
 * Milliseconds. A reading of the processor time is a system call and takes several microseconds. A step that
 * is shorter than this is measured by the clock: another program that takes the processor keeps it for
 * longer.
 */
const shortStep = 0.25;
/** Milliseconds for which the steps that begin share one reading. */
const readingLasts = 1;

/** Milliseconds that a request takes, without the time that it waits for its turn. */
export class Meter {
  /** Time of this process and of the database. */
  time = 0;
  /** Processor time of this process alone. */
  processor = 0;
  private since = performance.now();
  private usedBefore = recentlyUsed(this.since);

  /** The request continues after a wait. */
  resume(): void {
    this.since = performance.now();
    this.usedBefore = recentlyUsed(this.since);
  }

  /** The request begins to wait, or ends. */
  pause(): void {
    const now = performance.now();
    const passed = now - this.since;
    // The smaller of the two times. The clock runs while other programs have the processor, and other threads
    // of this process use processor time for other requests.
    const taken = passed <= shortStep ? passed : Math.min(passed, usedProcessor(now) - this.usedBefore);
    this.time += taken;
    this.processor += taken;
    this.since = now;
    this.usedBefore = lastReading.used;
  }
}

let lastReading = { at: -Infinity, used: 0 };

/** Milliseconds of processor time of this process; exact for the running thread. */
function usedProcessor(now: number): number {
  const { user, system } = process.cpuUsage();
  lastReading = { at: now, used: (user + system) / 1000 };
  return lastReading.used;
}

/**
 * As {@link usedProcessor}, by a reading that may be slightly older. A step is charged too much by at most
 * that time, and never more than the clock has passed.
 */
function recentlyUsed(now: number): number {
  return now - lastReading.at <= readingLasts ? lastReading.used : usedProcessor(now);
}

/** A database whose connections many statements share at once. */
export function metered(database: Database, meter: Meter): Database {
  return {
    async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<{ rows: Row[] }> {
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
