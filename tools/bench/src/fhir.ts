import { statSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  generate,
  loadFile,
  member,
  query,
  residentMemory,
  startFloor,
  tokens,
  type BenchSystem,
  type DataSize,
} from './environment.js';
import type { FloorRoute } from './floor.js';
import { measure, median, type Target } from './load-generator.js';

const connections = 64;
const rounds = 5;
const secondsPerRound = 3;
/** Request rate for latency; both data sets sustain it easily. */
const steadyRate = 150;

interface Row {
  what: string;
  /** The token to send. */
  token: 'member' | 'directory';
  /** Path below the FHIR base. */
  path: string;
  reach: number;
}

const rows: Row[] = [
  {
    what: 'GET /Patient/{id}',
    token: 'member',
    path: `/Patient/${member.patient}`,
    reach: 0.75,
  },
  {
    what: 'ExplanationOfBenefit?patient&service-date&_count=20',
    token: 'member',
    path: `/ExplanationOfBenefit?patient=${member.patient}&service-date=ge2020-01-01&_count=20`,
    reach: 0.6,
  },
  {
    what: 'Observation?patient&category&date',
    token: 'member',
    path: `/Observation?patient=${member.patient}&category=laboratory&date=ge2020-01-01`,
    reach: 0.5,
  },
  {
    what: 'PractitionerRole?specialty&_include=practitioner',
    token: 'directory',
    path: '/PractitionerRole?specialty={specialty}&_include=PractitionerRole:practitioner&_count=20',
    reach: 0.5,
  },
  {
    what: 'Location?near',
    token: 'directory',
    path: '/Location?near={latitude}|{longitude}|25|km&_count=20',
    reach: 0.5,
  },
];

export interface FhirFigures {
  what: string;
  floor: number;
  served: number;
  share: number;
  reach: number;
  p50: number;
  p99: number;
}

export interface Request extends Row {
  url: string;
  accessToken: string;
}

/** The measured requests, with values that occur in the database. */
export async function requestsOf(bench: BenchSystem, database: string): Promise<Request[]> {
  const token = await tokens(bench);
  const place = await directoryPlace(database);
  return rows.map((row) => {
    const path = row.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(place[name]!));
    return { ...row, url: `${bench.addresses.fhir.sandbox}${path}`, accessToken: token[row.token] };
  });
}

/**
 * Throughput of each request as a share of its floor's throughput, measured alternately; latency at a steady
 * rate.
 */
export async function readAndSearch(bench: BenchSystem, say: (line: string) => void): Promise<FhirFigures[]> {
  const requests = await requestsOf(bench, bench.system.databaseUrl('fhir_sandbox'));
  const routes: FloorRoute[] = [];
  const targetOf = ({ url, accessToken }: Request): Target => ({
    url,
    headers: { authorization: `Bearer ${accessToken}` },
  });
  for (const [i, request] of requests.entries()) {
    const { url, headers } = targetOf(request);
    const { what } = request;
    const answer = (await (await fetch(url, { headers })).json()) as {
      resourceType: string;
      id?: string;
      entry?: { resource: { resourceType: string; id: string } }[];
    };
    const found = answer.entry?.map(({ resource }) => resource) ?? [
      answer as { resourceType: string; id: string },
    ];
    if (found.length === 0) throw new Error(`${what} finds nothing; the figure would mean nothing`);
    say(`${what}: ${found.length} resource${found.length === 1 ? '' : 's'} in the answer`);
    routes.push(floorOf(`/${i}`, found, rows[i]!.token));
  }
  const floor = await startFloor(bench, routes);
  const figures: FhirFigures[] = [];
  try {
    for (const [i, request] of requests.entries()) {
      const { what, reach } = request;
      const target = targetOf(request);
      const floors: number[] = [];
      const served: number[] = [];
      await measure({ url: `${floor.url}/${i}` }, 1, connections);
      await measure(target, 2, connections);
      for (let round = 0; round < rounds; round++) {
        floors.push(
          (await measure({ url: `${floor.url}/${i}` }, secondsPerRound, connections)).requestsPerSecond,
        );
        served.push((await measure(target, secondsPerRound, connections)).requestsPerSecond);
      }
      const { p50, p99 } = await measure(target, 8, 8, steadyRate);
      figures.push({
        what,
        floor: median(floors),
        served: median(served),
        share: median(served.map((value, round) => value / floors[round]!)),
        reach,
        p50,
        p99,
      });
      say(`${what}: ${figures.at(-1)!.share.toFixed(2)} of the floor`);
    }
  } finally {
    floor.stop();
  }
  return figures;
}

/** A route of the floor that reads the same stored texts by primary key. */
function floorOf(
  path: string,
  found: readonly { resourceType: string; id: string }[],
  token: 'member' | 'directory',
): FloorRoute {
  const types = found.map(({ resourceType }) => resourceType);
  const ids = found.map(({ id }) => id);
  const many = found.length > 1;
  if (token === 'directory')
    return {
      path,
      many: true,
      text: `SELECT body FROM shared_resource r JOIN unnest($1::text[], $2::text[]) AS k (type, id) USING (type, id)`,
      values: [types, ids],
    };
  return many
    ? {
        path,
        many,
        text: 'SELECT body FROM member_resource WHERE patient = $1 AND type = $2 AND id = ANY($3)',
        values: [member.patient, types[0], ids],
      }
    : {
        path,
        many,
        text: 'SELECT body FROM member_resource WHERE patient = $1 AND type = $2 AND id = $3',
        values: [member.patient, types[0], ids[0]],
      };
}

/** A specialty and a location that occur in the directory. */
async function directoryPlace(database: string): Promise<Record<string, string>> {
  const [role] = await query<{ code: string }>(
    database,
    `SELECT body::jsonb #>> '{specialty,0,coding,0,code}' AS code FROM shared_resource
     WHERE type = 'PractitionerRole' AND body::jsonb #>> '{specialty,0,coding,0,code}' IS NOT NULL ORDER BY id LIMIT 1`,
  );
  const [location] = await query<{ latitude: number; longitude: number }>(
    database,
    'SELECT latitude, longitude FROM shared_resource WHERE latitude IS NOT NULL ORDER BY id LIMIT 1',
  );
  if (!role || !location) throw new Error('the directory has no specialty or no place');
  return {
    specialty: role.code,
    latitude: String(location.latitude),
    longitude: String(location.longitude),
  };
}

export interface LoaderFigures {
  resources: number;
  megabytes: number;
  perSecond: number;
  copyPerSecond: number;
  share: number;
}

/**
 * Compares the loader, including the start of its process, with a bare COPY of the same lines into a
 * one-column table.
 */
export async function loader(bench: BenchSystem, size: DataSize): Promise<LoaderFigures> {
  const file = await generate(bench, size);
  const database = bench.system.databaseUrl('fhir_sandbox');
  const count = async () =>
    Number(
      (
        await query<{ n: string }>(
          database,
          'SELECT (SELECT count(*) FROM member_resource) + (SELECT count(*) FROM shared_resource) AS n',
        )
      )[0]!.n,
    );
  const before = await count();
  const floor = [await bareCopy(database, file)];
  const seconds = await loadFile(bench, file);
  const resources = (await count()) - before;
  // The floor is fast and so varies by chance; take its median.
  floor.push(await bareCopy(database, file), await bareCopy(database, file));
  const copySeconds = median(floor);
  return {
    resources,
    megabytes: statSync(file).size / 1e6,
    perSecond: resources / seconds,
    copyPerSecond: resources / copySeconds,
    share: copySeconds / seconds,
  };
}

async function bareCopy(database: string, file: string): Promise<number> {
  const client = new Client({ connectionString: database });
  await client.connect();
  try {
    await client.query('CREATE TABLE IF NOT EXISTS bare_copy (body text NOT NULL)');
    await client.query('TRUNCATE bare_copy');
    const startedAt = performance.now();
    const escaped = async function* () {
      for await (const line of createInterface({ input: createReadStream(file) }))
        yield `${line.replaceAll('\\', '\\\\')}\n`;
    };
    await pipeline(Readable.from(escaped()), client.query(copyFrom('COPY bare_copy FROM STDIN')));
    return (performance.now() - startedAt) / 1000;
  } finally {
    await client.query('DROP TABLE bare_copy').catch(() => undefined);
    await client.end();
  }
}

export function memoryOf(bench: BenchSystem): { now: number; peak: number } {
  return residentMemory(bench.system.pid('fhir-api')!);
}
