import type { BenchSystem } from './environment.js';
import { requestsOf } from './fhir-requests.js';
import { measure, median } from './load-generator.js';
import { processorTimeWith } from './processor-time.js';

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
  const used = () => processorTimeWith(bench.system.pid('fhir-api')!, database);
  const figures: CompressionFigures[] = [];
  for (const { what, url, accessToken } of await requestsOf(bench, database)) {
    const target = (encodings: string) => ({
      url,
      headers: { authorization: `Bearer ${accessToken}`, 'accept-encoding': encodings },
    });
    const cost = async (encodings: string, seconds = secondsPerRound) => {
      const before = await used();
      const { requestsPerSecond } = await measure(target(encodings), seconds, connections);
      return ((await used()) - before) / (requestsPerSecond * seconds);
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
