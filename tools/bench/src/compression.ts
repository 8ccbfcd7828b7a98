import { readFileSync } from 'node:fs';
import { query, type BenchSystem } from './environment.js';
import { requestsOf } from './fhir.js';
import { measure, median } from './load-generator.js';

/** The `Accept-Encoding` of common clients. */
const encodingsOf = {
  browser: 'gzip, deflate, br, zstd',
  /** Python's requests and HAPI's Java client, for example. */
  library: 'gzip, deflate',
} as const;
type Client = keyof typeof encodingsOf;
const clients = Object.keys(encodingsOf) as Client[];
const connections = 8;
const rounds = 9;
const secondsPerRound = 1;
/** The kernel counts processor time in hundredths of a second (`USER_HZ`). */
const ticksPerSecond = 100;

export interface CompressionFigures {
  what: string;
  client: Client;
  coding: string;
  /** Bytes of the body. */
  plainBytes: number;
  compressedBytes: number;
  /** Milliseconds of processor time of one request: fhir-api and PostgreSQL together. */
  plain: number;
  compressed: number;
  /** Cost of a compressed answer as a multiple of the cost of the plain one. */
  times: number;
}

/**
 * Compares the processor time of each request with and without the `Accept-Encoding` of common clients. They
 * take turns, so that other work of the machine meets all of them (Linux).
 */
export async function costOfCompression(
  bench: BenchSystem,
  say: (line: string) => void,
): Promise<CompressionFigures[]> {
  const database = bench.system.databaseUrl('fhir_sandbox');
  const figures: CompressionFigures[] = [];
  for (const { what, url, accessToken } of await requestsOf(bench, database)) {
    const target = (encodings: string) => ({
      url,
      headers: { authorization: `Bearer ${accessToken}`, 'accept-encoding': encodings },
    });
    const cost = async (encodings: string, seconds = secondsPerRound) => {
      const before = await processorTime(bench, database);
      const { requestsPerSecond } = await measure(target(encodings), seconds, connections);
      return ((await processorTime(bench, database)) - before) / (requestsPerSecond * seconds);
    };
    const plain: number[] = [];
    const compressed: Record<Client, number[]> = { browser: [], library: [] };
    for (const encodings of ['identity', ...Object.values(encodingsOf)]) await cost(encodings, 1);
    for (let round = 0; round < rounds; round++) {
      plain.push(await cost('identity'));
      for (const client of clients) compressed[client].push(await cost(encodingsOf[client]));
    }
    const { bytes: plainBytes } = await transfer(target('identity'));
    for (const client of clients) {
      const { coding, bytes: compressedBytes } = await transfer(target(encodingsOf[client]));
      const times = median(compressed[client].map((value, round) => value / plain[round]!));
      const costs = { plain: median(plain), compressed: median(compressed[client]), times };
      figures.push({ what, client, coding, plainBytes, compressedBytes, ...costs });
      say(`${what} in ${coding}: ${times.toFixed(2)} times the plain answer`);
    }
  }
  return figures;
}

async function transfer({ url, headers }: { url: string; headers: Record<string, string> }) {
  const answer = await fetch(url, { headers });
  await answer.arrayBuffer();
  return {
    coding: answer.headers.get('content-encoding') ?? 'none',
    bytes: Number(answer.headers.get('content-length')),
  };
}

/** Milliseconds of processor time that fhir-api and its sessions in PostgreSQL have used so far. */
async function processorTime(bench: BenchSystem, database: string): Promise<number> {
  const sessions = await query<{ pid: number }>(
    database,
    'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  return [bench.system.pid('fhir-api')!, ...sessions.map(({ pid }) => pid)]
    .map((pid) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The name in parentheses may contain spaces. Fields 14 and 15 are utime and stime (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
    })
    .reduce((sum, time) => sum + time, 0);
}
