import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pool } from 'pg';
import { ServiceIdentity } from '@payer/service';
import type { AuditEntry } from '@payer/smart';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { addPartition } from './access-partitions.js';
import {
  accessQuery,
  readersQuery,
  readersStatement,
  recordsStatement,
  type Statement,
} from './access-query.js';

const system = new FhirApiSystem();
let pool: Pool;

/** Number of other records, large enough that a scan of all of them is noticed. */
const others = 12_000;

beforeAll(async () => {
  await system.start();
  pool = new Pool({ connectionString: system.config.SANDBOX_DATABASE_URL, max: 2 });
  for (const month of ['2026-01', '2026-02', '2026-03', '2026-04']) await addPartition(pool, month);
  // A record of an older version, which does not contain the patient.
  await insert(['2026-02-10T08:00:00Z', 'app1', 'grant1', 'sub-of-x', null, 'Coverage', 200, 1]);
  // The rare records are the oldest of their month: an index in order of time would read all other records
  // first.
  await insert(['2026-03-01T00:00:00Z', 'app1', 'grant1', 'sub-of-x', 'x', 'Patient', 200, 1]);
  await insert(['2026-03-01T00:00:01Z', 'app2', 'grant2', 'carer-of-x', 'x', 'Coverage', 200, 3]);
  await insert(['2026-03-31T23:59:59Z', 'app2', 'grant2', 'carer-of-x', 'x', 'Coverage', 403, 0]);
  await insert(['2026-04-01T00:00:00Z', 'app1', 'grant1', 'sub-of-x', 'x', 'Patient', 200, 1]);
  await pool.query(
    `INSERT INTO access_record (at, client_id, grant_id, sub, patient, interaction, resource_type, status, resources, request_id)
     SELECT '2026-03-02T00:00:00Z'::timestamptz + n * interval '200 seconds', 'busy' || n % 3, 'g' || n % 100,
            'sub' || n % 100, 'patient' || n % 100, 'read', 'Observation', 200, 2, 'request-' || n
     FROM generate_series(1, $1) n`,
    [others],
  );
});
afterAll(async () => {
  await pool?.end();
  await system.stop();
});

function insert(values: unknown[]) {
  return pool.query(
    `INSERT INTO access_record (at, client_id, grant_id, sub, patient, interaction, resource_type, status, resources, request_id)
     VALUES ($1, $2, $3, $4, $5, 'search', $6, $7, $8, 'request-of-x')`,
    values,
  );
}

type Query = Partial<Record<string, string>> | string[][];

interface Answers {
  entries: AuditEntry[];
  days: { requests: number }[];
  readers: unknown[];
  code: string;
  detail: string;
}

async function ask(path: string, query: Query) {
  const authorization = await ServiceIdentity.of('registration', { NODE_ENV: 'test' }).authorizationFor(
    'fhir-api',
  );
  const response = await fetch(
    `${system.service.url}/internal/sandbox/access${path}?${new URLSearchParams(query as Record<string, string>)}`,
    { headers: { authorization } },
  );
  const body = (await response.json()) as Answers;
  return { status: response.status, body };
}

const entriesOf = async (query: Query) =>
  (await ask('', query)).body.entries.map(({ at, client_id, sub }) =>
    [at.slice(0, 10), client_id, sub].join(' '),
  );

describe('questions about data access', () => {
  it('finds the reads of a patient by every member who signed in, and records from before the patient was recorded', async () => {
    const march = { since: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' };
    expect(await entriesOf({ patient: 'x', ...march })).toEqual([
      '2026-03-31 app2 carer-of-x',
      '2026-03-01 app2 carer-of-x',
      '2026-03-01 app1 sub-of-x',
    ]);
    expect(await entriesOf({ patient: 'x', member: 'sub-of-x', order: 'oldest' })).toEqual([
      '2026-02-10 app1 sub-of-x',
      '2026-03-01 app1 sub-of-x',
      '2026-03-01 app2 carer-of-x',
      '2026-03-31 app2 carer-of-x',
      '2026-04-01 app1 sub-of-x',
    ]);
    expect(await entriesOf({ patient: 'x', client_id: 'app2', ...march })).toHaveLength(2);
    expect(await entriesOf({ patient: 'x', actor: 'sub-of-x', ...march })).toHaveLength(1);
    expect(await entriesOf({ patient: 'x', grant_id: 'grant2' })).toHaveLength(2);
    expect(await entriesOf({ member: 'carer-of-x' })).toHaveLength(2);
    expect(await entriesOf({ actor: 'app1', since: '2026-01-01T00:00:00Z' })).toHaveLength(3);
    expect(
      await entriesOf([
        ['client_id', 'app1'],
        ['client_id', 'app2'],
      ]),
    ).toHaveLength(5);
  });

  it('counts them by app and resource type', async () => {
    const { body } = await ask('/readers', { patient: 'x', member: 'sub-of-x' });
    const counts = (client_id: string, resource_type: string, numbers: Record<string, number>) =>
      expect.objectContaining({ client_id, resource_type, ...numbers });
    expect(body.readers).toEqual([
      counts('app1', 'Coverage', { requests: 1, refused: 0, resources: 1 }),
      counts('app1', 'Patient', { requests: 2, refused: 0, resources: 2 }),
      counts('app2', 'Coverage', { requests: 2, refused: 1, resources: 3 }),
    ]);
    expect((await ask('/readers', {})).status).toBe(400);
  });

  it('counts by day what an app read, whichever statement added the records', async () => {
    const { body } = await ask('/days', { client_id: 'app2', from: '2026-03-01', to: '2026-03-31' });
    const day = { client_id: 'app2', interaction: 'search', resource_type: 'Coverage', requests: 1 };
    expect(body.days).toEqual([
      { ...day, day: '2026-03-01', refused: 0, resources: 3 },
      { ...day, day: '2026-03-31', refused: 1, resources: 0 },
    ]);
    const busy = await ask('/days', { client_id: 'busy1', from: '2026-03-01', to: '2026-03-31' });
    const { rows } = await pool.query(
      "SELECT count(*)::int AS requests FROM access_record WHERE client_id = 'busy1' AND at < '2026-04-01T00:00:00Z'",
    );
    const sum = busy.body.days.reduce((all, { requests }) => all + requests, 0);
    expect(sum).toBe(rows[0].requests);
  });

  it('pages through every record once, in both orders, with and without a filter', async () => {
    for (const order of ['newest', 'oldest'])
      for (const filter of [{}, { client_id: 'busy1' }, { patient: 'patient7' }]) {
        const until = '2026-03-20T00:00:00Z';
        const seen: string[] = [];
        for (let after = {}; ;) {
          const { body } = await ask('', { ...filter, until, order, limit: '2000', ...after });
          const entries = body.entries;
          seen.push(...entries.map(({ id }) => id));
          if (entries.length < 2000) break;
          after = { after_at: entries.at(-1)!.at, after_id: entries.at(-1)!.id };
        }
        const [column, value] = Object.entries(filter)[0] ?? ["''", ''];
        const { rows } = await pool.query(
          `SELECT id FROM access_record WHERE ${column} = $1 AND at < $2
           ORDER BY at ${order === 'oldest' ? '' : 'DESC'}, id ${order === 'oldest' ? '' : 'DESC'}`,
          [value, until],
        );
        expect(seen).toEqual(rows.map(({ id }) => id));
      }
  });

  const page = (query: Record<string, unknown>) => recordsStatement(accessQuery.parse(query));
  it.each<[string, () => Statement]>([
    ['the newest', () => page({})],
    ['a month', () => page({ since: '2026-03-01T00:00:00Z', until: '2026-04-01T00:00:00Z' })],
    ['the page after', () => page({ after_at: '2026-03-15T00:00:00.000Z', after_id: '6000' })],
    ['a patient', () => page({ patient: 'x', member: 'sub-of-x' })],
    ['a patient and an app that reads much', () => page({ patient: 'x', client_id: 'busy1' })],
    ['a patient, oldest first', () => page({ patient: 'x', order: 'oldest' })],
    ['a member', () => page({ member: 'carer-of-x' })],
    ['an app', () => page({ client_id: 'app1' })],
    ['an app that reads much', () => page({ client_id: 'busy2' })],
    ['two apps', () => page({ client_id: ['app1', 'busy2'] })],
    ['a grant', () => page({ grant_id: 'grant1' })],
    ['who acted', () => page({ actor: 'carer-of-x' })],
    ['the readers', () => readersStatement(readersQuery.parse({ patient: 'x' }))],
  ])('reads as many records as it answers, with and without statistics: %s', async (_what, statement) => {
    const { text, values } = statement();
    for (const statistics of [false, true]) {
      if (statistics) await pool.query('ANALYZE access_record');
      const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`, values);
      expect(rowsRead(rows[0]['QUERY PLAN'][0].Plan)).toBeLessThan(1000);
    }
  });

  it('refuses a filter that it does not know, and names those it knows', async () => {
    for (const [path, query] of [
      ['', { cilent_id: 'app1' }],
      ['/readers', { patient: 'x', grant_id: 'grant1' }],
      ['/days', { client_id: 'app1', from: '2026-03-01', to: '2026-03-31', patient: 'x' }],
    ] as const) {
      const { status, body } = await ask(path, query);
      expect([path, status, body.code]).toEqual([path, 400, 'unknown_parameter']);
      expect(body.detail).toContain('client_id');
    }
    for (const wrong of [
      { client_id: '' },
      { grant_id: '' },
      { since: 'March' },
      { limit: '0' },
      { order: 'up' },
    ])
      expect([wrong, (await ask('', wrong)).status]).toEqual([wrong, 400]);
  });
});

interface Plan {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** Rows that the leaves of a plan have read. */
function rowsRead(plan: Plan): number {
  if (plan.Plans) return plan.Plans.map(rowsRead).reduce((a, b) => a + b, 0);
  return (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
}
