import { residentMemory } from '@payer/processes';
import { startFloor, type BenchSystem } from './environment.js';
import { manyUrlsOf, type Addressed, type Row } from './fhir-requests.js';
import type { FloorRoute } from './floor.js';
import { collectTokens } from './live-tokens.js';
import { measure, median, type Target } from './load-generator.js';
import { processorTimeWith } from './processor-time.js';
import { quantiles } from './quantiles.js';
import { steadyLatencies } from './steady-latency.js';

const connections = 64;
const rounds = 5;
const secondsPerRound = 3;
const secondsOfLatency = 8;

export interface FhirFigures {
  what: string;
  floor: number;
  served: number;
  share: number;
  /**
   * The floor's processor time of a request divided by that of fhir-api. Other work of the machine changes it
   * less than the throughput.
   */
  processorShare: number;
  /** Milliseconds of processor time of a request: fhir-api and PostgreSQL together. */
  processorTime: number;
  reach: number;
  p50: number;
  p99: number;
}

/** The requests of a pattern, and at the same places the floor's paths to the same rows. */
interface Compared {
  row: Row;
  served: Target[];
  paths: string[];
}

/**
 * Throughput and processor time of each pattern beside its floor's, measured alternately; latency at a steady
 * rate. 10,000 live tokens take turns over many URLs.
 * @param only the patterns whose name contains it
 */
export async function readAndSearch(
  bench: BenchSystem,
  say: (line: string) => void,
  only = '',
): Promise<FhirFigures[]> {
  const database = bench.system.databaseUrl('fhir_sandbox');
  say('collecting 10,000 live tokens …');
  const live = await collectTokens(bench);
  const routes: FloorRoute[] = [];
  const compared: Compared[] = [];
  for (const [row, addressed] of await manyUrlsOf(bench, database, live)) {
    if (!row.what.includes(only)) continue;
    const found = await foundBy(row, addressed);
    const path = `/${routes.length}`;
    routes.push(floorOf(path, row, found));
    compared.push({ row, ...sharedOut(found, path) });
    const sizes = found.map(({ resources }) => resources.length);
    say(`${row.what}: ${found.length} URLs, ${median(sizes)} resources in most answers`);
  }
  const floor = await startFloor(bench, routes);
  const figures: FhirFigures[] = [];
  try {
    for (const { row, served: own, paths } of compared) {
      const bare = paths.map((path) => ({ url: `${floor.url}${path}` }));
      const floors: Load[] = [];
      const served: Load[] = [];
      for (let round = -1; round < rounds; round++) {
        const floorLoad = await load(bare, floor.pid, database);
        const ownLoad = await load(own, bench.system.pid('fhir-api')!, database);
        // The first round compiles the code and fills the caches.
        if (round < 0) continue;
        floors.push(floorLoad);
        served.push(ownLoad);
      }
      const { p50, p99 } = quantiles(await steadyLatencies(own, secondsOfLatency));
      const shareOf = (ratio: (own: Load, bare: Load) => number) =>
        median(served.map((one, round) => ratio(one, floors[round]!)));
      figures.push({
        ...row,
        floor: median(floors.map(({ perSecond }) => perSecond)),
        served: median(served.map(({ perSecond }) => perSecond)),
        share: shareOf((one, bare) => one.perSecond / bare.perSecond),
        processorShare: shareOf((one, bare) => bare.processorTime / one.processorTime),
        processorTime: median(served.map(({ processorTime: time }) => time)),
        p50,
        p99,
      });
      const { share, processorShare } = figures.at(-1)!;
      say(`${row.what}: ${share.toFixed(2)} of the floor, by processor time ${processorShare.toFixed(2)}`);
    }
  } finally {
    floor.stop();
  }
  return figures;
}

interface Load {
  perSecond: number;
  /** Milliseconds of one request: the process and PostgreSQL together. */
  processorTime: number;
}

/** Sends requests over all connections for the time of a round. */
async function load(targets: readonly Target[], pid: number, database: string): Promise<Load> {
  const before = await processorTimeWith(pid, database);
  const { requestsPerSecond } = await measure(targets, secondsPerRound, connections);
  const used = (await processorTimeWith(pid, database)) - before;
  return { perSecond: requestsPerSecond, processorTime: used / (requestsPerSecond * secondsPerRound) };
}

/** A URL with the resources that its answer has. */
interface Found extends Addressed {
  resources: { resourceType: string; id: string }[];
}

/** Asks each URL once. @throws Error when one is refused, or when all find nothing */
async function foundBy(row: Row, addressed: readonly Addressed[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const one of addressed) {
    const answer = await fetch(one.url, { headers: { authorization: `Bearer ${one.tokens[0]}` } });
    if (!answer.ok) throw new Error(`${one.url} answered ${answer.status}: ${await answer.text()}`);
    const body = (await answer.json()) as {
      resourceType: string;
      id: string;
      entry?: { resource: { resourceType: string; id: string } }[];
    };
    const resources =
      body.resourceType === 'Bundle' ? (body.entry ?? []).map(({ resource }) => resource) : [body];
    if (resources.length > 0) found.push({ ...one, resources });
  }
  if (found.length === 0) throw new Error(`${row.what} finds nothing; the figure would mean nothing`);
  return found;
}

/** Shares the tokens out over the URLs that they may ask for. */
function sharedOut(found: readonly Found[], path: string): Omit<Compared, 'row'> {
  const groups = new Map<readonly string[], { url: string; place: number }[]>();
  for (const [place, { url, tokens }] of found.entries())
    groups.set(tokens, [...(groups.get(tokens) ?? []), { url, place }]);
  const requests = [...groups].flatMap(([tokens, urls]) =>
    tokens.map((token, i) => ({ token, ...urls[i % urls.length]! })),
  );
  return {
    served: requests.map(({ url, token }) => ({ url, headers: { authorization: `Bearer ${token}` } })),
    paths: requests.map(({ place }) => `${path}/${place}`),
  };
}

/** A route of the floor that reads the same stored texts by primary key. */
function floorOf(path: string, row: Row, found: readonly Found[]): FloorRoute {
  const typesOf = ({ resources }: Found) => resources.map(({ resourceType }) => resourceType);
  const idsOf = ({ resources }: Found) => resources.map(({ id }) => id);
  if (row.token === 'directory')
    return {
      path,
      many: true,
      text: `SELECT body FROM shared_resource r JOIN unnest($1::text[], $2::text[]) AS k (type, id) USING (type, id)`,
      values: found.map((one) => [typesOf(one), idsOf(one)]),
    };
  const many = row.path.includes('?');
  return {
    path,
    many,
    text: `SELECT body FROM member_resource WHERE patient = $1 AND type = $2 AND id = ${many ? 'ANY($3)' : '$3'}`,
    values: found.map((one) => [one.patient, typesOf(one)[0], many ? idsOf(one) : idsOf(one)[0]]),
  };
}

export function memoryOf(bench: BenchSystem): { now: number; peak: number } {
  return residentMemory(bench.system.pid('fhir-api')!);
}
