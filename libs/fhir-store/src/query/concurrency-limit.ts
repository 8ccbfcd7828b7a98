import type { QueryConfig, QueryResultRow } from 'pg';
import type { Database } from '../postgres/database.js';
import type { Meter } from './meter.js';

/** Limits how much runs at once. The callers share it fairly. */
export interface Limit {
  run<Result>(caller: string, work: () => Promise<Result>): Promise<Result>;
}

export const unlimited: Limit = { run: (_caller, work) => work() };

/** A pool whose connections the callers share fairly, for one statement at a time. */
export function limited(database: Database, limit: Limit, caller: string, meter: Meter): Database {
  return {
    async query<Row extends QueryResultRow>(statement: QueryConfig): Promise<{ rows: Row[] }> {
      meter.pause();
      try {
        return await limit.run(caller, async () => {
          const begun = performance.now();
          try {
            return await database.query<Row>(statement);
          } finally {
            meter.time += performance.now() - begun;
          }
        });
      } finally {
        meter.resume();
      }
    },
  };
}
