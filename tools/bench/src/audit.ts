import { App } from '@payer/journey';
import { Client } from 'pg';
import { member, query, redirect_uris, type BenchSystem } from './environment.js';
import { median } from './load-generator.js';

/** Measurements per query and size. */
const rounds = 9;
/** Rows per statement, so that the counters and the memory of one statement stay small. */
const chunk = 100_000;
const months = 24;
/** Records per month of the queried member and of the queried app, the same at every size. */
const rareInMonth = 60;

export interface AuditSize {
  records: number;
  /** Milliseconds. */
  floor: number;
  questions: { what: string; ms: number; times: number }[];
  /** Records per second that COPY writes while the indexes and counters have this size. */
  writtenPerSecond: number;
}

/**
 * Measures how the platform team's queries slow down as the records of data access grow, compared with a bare
 * look-up by primary key. The number of matching records stays the same, so a growing time means that a query
 * reads more than it returns.
 */
export async function audit(
  bench: BenchSystem,
  sizes: readonly number[],
  say: (line: string) => void,
): Promise<AuditSize[]> {
  const rare = await bench.developer.createApp('patient-access', {
    client_name: 'Bench rare',
    redirect_uris,
  });
  await new App(bench.addresses, 'sandbox', rare).connect(member);
  const store = new Client({ connectionString: bench.system.databaseUrl('fhir_sandbox') });
  await store.connect();
  try {
    await store.query(
      "SELECT add_access_partition((now() - n * interval '1 month')::date) FROM generate_series(0, $1) n",
      [months],
    );
    await addRare(bench, store, rare.client_id);
    const measured: AuditSize[] = [];
    let records = 0;
    for (const size of sizes) {
      say(`adding records of data access up to ${size.toLocaleString('en')} …`);
      for (; records < size; records += chunk)
        await addOthers(store, records, Math.min(chunk, size - records));
      await store.query('ANALYZE access_record');
      const row = await measureAt(bench, store, size, rare.client_id);
      for (const { what, ms } of row.questions) say(`  ${ms.toFixed(1).padStart(8)} ms  ${what}`);
      measured.push(row);
    }
    return measured;
  } finally {
    await store.end();
  }
}

const columns =
  'at, client_id, grant_id, sub, patient, interaction, resource_type, status, resources, request_id';

/** Adds the records of the queried member and app, spread over all months. */
async function addRare(bench: BenchSystem, store: Client, clientId: string): Promise<void> {
  const [known] = await query<{ sub: string }>(
    bench.system.databaseUrl('auth_server'),
    "SELECT sub FROM member WHERE environment = 'sandbox' AND username = $1",
    [member.username],
  );
  await store.query(
    `INSERT INTO access_record (${columns})
     SELECT now() - n * interval '1 month' / $1, $2, 'rare-grant', $3, $4, 'search', 'Coverage', 200, 1, 'request-' || n
     FROM generate_series(1, $1 * ${months}) n`,
    [rareInMonth, clientId, known?.sub, member.patient],
  );
}

/** Adds records of 200,000 other members and 40 apps; one of the apps makes half of all requests. */
async function addOthers(store: Client, from: number, count: number): Promise<void> {
  await store.query(
    `INSERT INTO access_record (${columns})
     SELECT now() - random() * interval '${months} months', CASE WHEN n % 2 = 0 THEN 'busyapp' ELSE 'app' || n % 39 END,
            'grant-' || m, 'sub-' || m, 'patient-' || m, 'read', (ARRAY['Patient', 'Coverage', 'Observation'])[1 + n % 3],
            CASE WHEN n % 50 = 0 THEN 404 ELSE 200 END, 1, 'request-' || n
     FROM generate_series($1::int, $1::int + $2::int - 1) n, LATERAL (SELECT n::bigint * 7919 % 200000 AS m) AS member`,
    [from, count],
  );
}

async function measureAt(
  bench: BenchSystem,
  store: Client,
  records: number,
  clientId: string,
): Promise<AuditSize> {
  const month = new Date(Date.now() - 40 * 86_400_000).toISOString().slice(0, 7);
  const day = new Date().toISOString().slice(0, 10);
  const ask = (path: string, parameters: Record<string, string>) => () =>
    bench.platform.call(
      'GET',
      `/api/audit${path}?${new URLSearchParams({ environment: 'sandbox', ...parameters })}`,
    );
  const inMonth = { since: month, until: month };
  const year = { since: new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10), until: day };
  const ofAccess = { type: 'data-access' };
  const questions: [string, () => Promise<unknown>][] = [
    [
      'who read a member, by member number, a month',
      ask('/readers', { member: member.username, ...inMonth }),
    ],
    ['who read a patient, all months', ask('/readers', { patient: member.patient, since: '2020-01-01' })],
    ['which apps had access on a day', ask('/apps-with-access', { member: member.username, day })],
    ['what a small app read in a year', ask('/reads', { app: 'Bench rare', ...year })],
    ['records of a patient, a month', ask('', { ...ofAccess, patient: member.patient, ...inMonth })],
    [
      'records of a patient by a busy app (none)',
      ask('', { ...ofAccess, patient: member.patient, client_id: 'busyapp' }),
    ],
    ['records of a small app', ask('', { ...ofAccess, client_id: clientId })],
    ['records of a busy app', ask('', { ...ofAccess, client_id: 'busyapp' })],
    ['all records of a month', ask('', { ...ofAccess, ...inMonth })],
  ];
  const floor = await timeOf(() => store.query('SELECT days FROM access_retention WHERE only_row = true'));
  const rows: AuditSize['questions'] = [];
  for (const [what, question] of questions) {
    const ms = await timeOf(question);
    rows.push({ what, ms, times: ms / floor });
  }
  const startedAt = performance.now();
  await store.query('BEGIN');
  await addOthers(store, records, 20_000);
  await store.query('ROLLBACK');
  const writtenPerSecond = 20_000 / ((performance.now() - startedAt) / 1000);
  return { records, floor, questions: rows, writtenPerSecond };
}

/** Milliseconds: the median of some rounds after a warm-up round. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return median(times);
}
