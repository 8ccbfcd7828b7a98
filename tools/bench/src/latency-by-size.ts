import { residentMemory } from '@payer/processes';
import { query, type BenchSystem } from './environment.js';
import { startFhirApi, type FhirApiProcess } from './fhir-api-process.js';
import { requestsOf } from './fhir-requests.js';
import { median } from './load-generator.js';
import { quantiles } from './quantiles.js';
import { steadyLatencies } from './steady-latency.js';

const rounds = 8;
const secondsPerRound = 4;
const small = 'fhir_small';

export interface LatencyBySize {
  what: string;
  /** Milliseconds. */
  p99Small: number;
  p99Large: number;
  times: number;
}

/** Copies the sandbox's current data into a second database. */
export async function keepSmall(bench: BenchSystem): Promise<void> {
  const run = (statement: string) => query(bench.system.databaseUrl('postgres'), statement);
  // A template database must have no connections; fhir-api reconnects.
  await run('ALTER DATABASE fhir_sandbox ALLOW_CONNECTIONS false');
  await run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'fhir_sandbox'`);
  await run(`CREATE DATABASE ${small} TEMPLATE fhir_sandbox`);
  await run('ALTER DATABASE fhir_sandbox ALLOW_CONNECTIONS true');
}

/**
 * Compares the latency of each request on the data kept by {@link keepSmall} with the latency on the
 * sandbox's current data. Measures two processes of fhir-api alternately that differ only in their database,
 * after PostgreSQL has finished its work from the loading.
 */
export async function latencyBySize(
  bench: BenchSystem,
  say: (line: string) => void,
): Promise<{ requests: LatencyBySize[]; peakMemory: number }> {
  const databases = [small, 'fhir_sandbox'].map((name) => bench.system.databaseUrl(name));
  for (const database of databases) await query(database, 'VACUUM (ANALYZE)');
  await query(databases[0]!, 'CHECKPOINT');
  const requests = await requestsOf(bench, databases[0]!);
  const processes: FhirApiProcess[] = [];
  try {
    for (const database of databases)
      processes.push(await startFhirApi(bench, { SANDBOX_DATABASE_URL: database }));
    const figures: LatencyBySize[] = [];
    for (const { what, url, accessToken } of requests) {
      const measured: [p99s: number[], p99s: number[]] = [[], []];
      for (let round = -1; round < rounds; round++)
        for (const i of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
          const target = processes[i]!.target(url, accessToken);
          const latencies = await steadyLatencies([target], secondsPerRound);
          // The first round compiles the code and fills the caches.
          if (round >= 0) measured[i].push(quantiles(latencies).p99);
        }
      // Takes the median of the rounds: one pause of a shared machine is one percent of a round, and would
      // determine the p99 of all rounds together.
      const [p99Small, p99Large] = [median(measured[0]), median(measured[1])];
      figures.push({ what, p99Small, p99Large, times: p99Large / p99Small });
      say(`${what}: p99 ${p99Small.toFixed(1)} ms small, ${p99Large.toFixed(1)} ms large`);
    }
    return { requests: figures, peakMemory: residentMemory(processes[1]!.pid).peak };
  } finally {
    for (const one of processes) await one.stop();
  }
}
