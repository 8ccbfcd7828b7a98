import { member, query, tokens, type BenchSystem } from './environment.js';
import type { LiveTokens } from './live-tokens.js';

/** A request that is measured, as a pattern. */
export interface Row {
  what: string;
  /** The token to send. */
  token: 'member' | 'directory';
  /** Path below the FHIR base. `{patient}`, `{since}` and so on stand for values that occur. */
  path: string;
  /** Least share of the floor's throughput. */
  reach: number;
}

export const rows: readonly Row[] = [
  {
    what: 'GET /Patient/{id}',
    token: 'member',
    path: '/Patient/{patient}',
    reach: 1.2,
  },
  {
    what: 'ExplanationOfBenefit?patient&service-date&_count=20',
    token: 'member',
    path: '/ExplanationOfBenefit?patient={patient}&service-date=ge{since}&_count=20',
    reach: 0.8,
  },
  {
    what: 'Observation?patient&category&date',
    token: 'member',
    path: '/Observation?patient={patient}&category=laboratory&date=ge{since}',
    reach: 0.8,
  },
  {
    what: 'PractitionerRole?specialty&_include=practitioner',
    token: 'directory',
    path: '/PractitionerRole?specialty={specialty}&_include=PractitionerRole:practitioner&_count=20',
    reach: 0.8,
  },
  {
    what: 'Location?near',
    token: 'directory',
    path: '/Location?near={latitude}|{longitude}|25|km&_count=20',
    reach: 0.8,
  },
];

export interface Request extends Row {
  url: string;
  accessToken: string;
}

type Values = Record<string, string>;

const fill = (path: string, values: Values) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name]!));

/** One request of each pattern, with values that occur in the database. */
export async function requestsOf(bench: BenchSystem, database: string): Promise<Request[]> {
  const token = await tokens(bench);
  const [place] = await directoryPlaces(database);
  if (!place) throw new Error('the directory has no specialty or no place');
  const values = { ...place, patient: member.patient, since: '2020-01-01' };
  return rows.map((row) => ({
    ...row,
    url: `${bench.addresses.fhir.sandbox}${fill(row.path, values)}`,
    accessToken: token[row.token],
  }));
}

/** Values of one URL of a pattern, and the tokens that may ask for it. */
export interface Addressed {
  url: string;
  patient?: string;
  tokens: readonly string[];
}

/** First days of half-years: the members' records have dates in all of them. */
const days = Array.from({ length: 16 }, (_, i) => `${2017 + Math.floor(i / 2)}-${i % 2 ? '07' : '01'}-01`);

/** Many URLs of each pattern, over all members that have tokens and over the directory. */
export async function manyUrlsOf(
  bench: BenchSystem,
  database: string,
  live: LiveTokens,
): Promise<Map<Row, Addressed[]>> {
  const places = await directoryPlaces(database);
  const urls = new Map<Row, Addressed[]>();
  for (const row of rows) {
    const at = (values: Values) => `${bench.addresses.fhir.sandbox}${fill(row.path, values)}`;
    const since = row.path.includes('{since}') ? days : [''];
    const addressed: Addressed[] =
      row.token === 'directory'
        ? places.map((place) => ({ url: at(place), tokens: live.directory }))
        : [...live.members].flatMap(([patient, memberTokens]) =>
            since.map((day) => ({ url: at({ patient, since: day }), patient, tokens: memberTokens })),
          );
    urls.set(row, [...new Map(addressed.map((one) => [one.url, one])).values()]);
  }
  return urls;
}

/** Specialties and places that occur in the directory. */
async function directoryPlaces(database: string): Promise<Values[]> {
  const roles = await query<{ code: string }>(
    database,
    `SELECT code FROM (
       SELECT body::jsonb #>> '{specialty,0,coding,0,code}' AS code, min(id) AS first
       FROM shared_resource WHERE type = 'PractitionerRole' GROUP BY 1
     ) AS specialty WHERE code IS NOT NULL ORDER BY first`,
  );
  const locations = await query<{ latitude: number; longitude: number }>(
    database,
    `SELECT latitude, longitude FROM shared_resource WHERE type = 'Location' AND latitude IS NOT NULL
     ORDER BY id LIMIT 200`,
  );
  if (roles.length === 0) return [];
  return locations.map(({ latitude, longitude }, i) => ({
    specialty: roles[i % roles.length]!.code,
    latitude: String(latitude),
    longitude: String(longitude),
  }));
}
