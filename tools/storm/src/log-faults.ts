import type { RunningSystem } from '@payer/local';
import { rows } from './checks.js';
import { pause, type Fault } from './fault.js';

/** Faults of the PostgreSQL log: it is unavailable, loses its end, or is dropped. */
export function logFaults(options: {
  system: RunningSystem;
  bound: number;
  eventsDatabaseUrl: string;
}): Fault[] {
  const { system, bound, eventsDatabaseUrl } = options;
  const admin = (sql: string) => rows(system.databaseUrl('postgres'), sql);
  const closeLog = async () => {
    await admin('ALTER DATABASE events ALLOW_CONNECTIONS false');
    await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'events'");
  };
  const openLog = () => admin('ALTER DATABASE events ALLOW_CONNECTIONS true');
  return [
    {
      name: 'the log away for longer than the bound',
      async strike() {
        await closeLog();
        await pause(bound + 6);
        await openLog();
      },
    },
    {
      name: 'the log away, and a replica of fhir-api started meanwhile',
      async strike() {
        await closeLog();
        system.kill('fhir-api', 'SIGKILL', 0);
        // The replica becomes ready without the log.
        await system.ready('fhir-api', 60_000, 0);
        await openLog();
      },
    },
    {
      name: 'the log falls back a little',
      async strike() {
        await rows(
          eventsDatabaseUrl,
          `WITH cut AS (UPDATE event_head SET position = greatest(0, position - 20) RETURNING position)
           DELETE FROM event_log USING cut WHERE event_log.position > cut.position`,
        );
        await pause(3);
      },
    },
    {
      name: 'the log is dropped and made again',
      async strike() {
        await closeLog();
        await admin('DROP DATABASE events WITH (FORCE)');
        await pause(2);
        await admin('CREATE DATABASE events');
        await pause(3);
      },
    },
  ];
}
