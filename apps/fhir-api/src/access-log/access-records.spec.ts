import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Pool } from 'pg';
import { ServiceIdentity } from '@payer/service';
import { loadStatus, type AuditEntry, type ServiceName } from '@payer/smart';
import { eventually } from '@payer/testing';
import { loadMembers } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { AccessLog, type Access } from './access-log.js';
import { addPartition, addPartitionsAhead } from './access-partitions.js';
import { dropExpiredPartitions, setRetention } from './access-retention.js';

const system = new FhirApiSystem();
let pool: Pool;
beforeAll(async () => {
  await system.start({ ACCESS_RECORD_FLUSH_MS: '50' });
  await loadMembers(system.config);
  pool = new Pool({ connectionString: system.config.SANDBOX_DATABASE_URL, max: 2 });
  pool.on('error', () => undefined);
});
afterAll(async () => {
  await pool.end();
  await system.stop();
});

async function find(query: Record<string, string>, ...as: [caller?: ServiceName, callee?: ServiceName]) {
  const { status, body } = await ask('', new URLSearchParams(query), ...as);
  return { status, entries: (body.entries ?? []) as AuditEntry[] };
}

async function ask(
  path: string,
  query: URLSearchParams,
  caller: ServiceName = 'registration',
  callee: ServiceName = 'fhir-api',
) {
  const authorization = await ServiceIdentity.of(caller, { NODE_ENV: 'test' }).authorizationFor(callee);
  const response = await fetch(`${system.service.url}/internal/sandbox/access${path}?${query}`, {
    headers: { authorization },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the record of data access', () => {
  it('has one entry for each request with a token, served or refused, which names no patient and no resource', async () => {
    const token = await system.issuer.patientToken('one', { claims: { grant_id: 'audited' } });
    const directory = await system.issuer.directoryToken();
    const before = new Date().toISOString();
    await system.request('/Patient/one', { token, headers: { 'x-request-id': 'request-0007' } });
    await system.request('/Observation?code=1234-5', { token });
    await system.request('/Patient/two', { token });
    await system.request('/InsurancePlan', { token });
    await system.request('/InsurancePlan', { token: directory });
    await system.request('/Patient/one');
    const entries = await eventually(async () => {
      const found = (await find({ since: before })).entries;
      return found.length >= 5 && found;
    });
    expect(entries).toHaveLength(5);
    const mine = (await find({ grant_id: 'audited' })).entries;
    expect(mine.map(({ detail }) => detail).reverse()).toEqual([
      { interaction: 'read', resource_type: 'Patient', status: 200, resources: 1 },
      { interaction: 'search', resource_type: 'Observation', status: 200, resources: 0 },
      { interaction: 'read', resource_type: 'Patient', status: 404, resources: 0 },
      { interaction: 'search', resource_type: 'InsurancePlan', status: 403, resources: 0 },
    ]);
    expect(mine.at(-1)).toMatchObject({
      service: 'fhir-api',
      action: 'data-access',
      actor_role: 'app',
      actor: 'patientapp',
      environment: 'sandbox',
      grant_id: 'audited',
      sub: 'member-of-one',
      request_id: 'request-0007',
    });
    expect(JSON.stringify(mine).replaceAll('member-of-one', '')).not.toMatch(/"one"|\/one|two|1234-5/);
    expect((await find({ actor: 'directoryapp' })).entries).toEqual([
      expect.objectContaining({ client_id: 'directoryapp', grant_id: null, sub: null }),
    ]);
  });

  it('holds the number of resources in an answer, found and included, and none for an answer without a body', async () => {
    const token = await system.issuer.patientToken('one', { claims: { grant_id: 'counted' } });
    const { etag } = (await system.request('/Patient/one', { token })).headers;
    await system.request('/Patient/one', { token, headers: { 'if-none-match': etag as string } });
    await system.request('/Observation?_include=Observation:patient', { token });
    await system.request('/Observation?_summary=count', { token });
    const entries = await eventually(async () => {
      const found = (await find({ grant_id: 'counted' })).entries;
      return found.length === 4 && found;
    });
    expect(entries.map(({ detail }) => detail.resources).reverse()).toEqual([1, 0, 2, 0]);
  });

  it('is read a page at a time, and only by registration', async () => {
    const all = (await find({ grant_id: 'audited' })).entries;
    const [first] = (await find({ grant_id: 'audited', limit: '1' })).entries;
    expect(first).toEqual(all[0]);
    const rest = await find({ grant_id: 'audited', after_at: first!.at, after_id: first!.id });
    expect(rest.entries).toEqual(all.slice(1));
    for (const other of ['consent', 'auth-server', 'fhir-api'] as const)
      expect(await find({}, other)).toEqual({ status: 403, entries: [] });
    expect(await find({}, 'registration', 'consent')).toEqual({ status: 401, entries: [] });
    expect((await find({ since: 'yesterday' })).status).toBe(400);
  });

  it('cannot be changed or deleted; a month goes as a whole when it need not be kept longer', async () => {
    for (const statement of [
      "UPDATE access_record SET client_id = 'other'",
      'DELETE FROM access_record',
      `DELETE FROM access_record_${new Date().toISOString().slice(0, 7).replace('-', '_')}`,
    ])
      await expect(pool.query(statement)).rejects.toThrow(/append-only/);
    await Promise.all([1, 2, 3].map(() => addPartition(pool, '2001-12')));
    await addPartition(pool, '2002-01');
    await setRetention(pool, 35);
    expect(await dropExpiredPartitions(pool, Date.parse('2002-02-04T23:00:00Z'))).toEqual([]);
    expect(await dropExpiredPartitions(pool, Date.parse('2002-02-05T01:00:00Z'))).toEqual([
      'access_record_2001_12',
    ]);
    // A caller of the function cannot choose a future time.
    expect(await dropExpiredPartitions(pool, Date.parse('2999-01-01T00:00:00Z'))).toEqual([
      'access_record_2002_01',
    ]);
    await expect(setRetention(pool, 30)).rejects.toThrow(/check constraint/);
    expect((await find({ grant_id: 'audited' })).entries).toHaveLength(4);
  });

  it('waits in memory while the database is away, and is written when it is back', async () => {
    const token = await system.issuer.patientToken('one', { claims: { grant_id: 'waited' } });
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    await pool.query('ALTER TABLE access_record RENAME TO access_record_away');
    const returned = vi.spyOn(AccessLog.prototype, 'putBack');
    for (let i = 0; i < 3; i++) await system.request('/Patient/one', { token });
    await eventually(() => returned.mock.calls.some(([accesses]) => accesses.length >= 3));
    returned.mockRestore();
    await pool.query('ALTER TABLE access_record_away RENAME TO access_record');
    await eventually(async () => (await find({ grant_id: 'waited' })).entries.length === 4);
  });

  it('has partitions before they are needed, and loses nothing when one is missing', async () => {
    const months = ['2026-11', '2026-12', '2027-01'];
    await addPartitionsAhead(pool, Date.parse('2026-11-30T23:59:59Z'));
    const { rows } = await pool.query<{ name: string }>(
      `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = 'access_record'::regclass`,
    );
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(months.map((month) => `access_record_${month.replace('-', '_')}`)),
    );
    await pool.query(`DROP TABLE access_record_${new Date().toISOString().slice(0, 7).replace('-', '_')}`);
    const token = await system.issuer.patientToken('one', { claims: { grant_id: 'without-partition' } });
    await system.request('/Patient/one', { token });
    await eventually(async () => (await find({ grant_id: 'without-partition' })).entries.length === 1);
  });

  it('drops the oldest when too many wait, and counts them', async () => {
    const log = new AccessLog(1000, undefined, 3);
    const access = (requestId: string) => ({ requestId }) as Access;
    log.add(access('3'));
    log.add(access('4'));
    log.putBack(['1', '2'].map(access));
    expect(log.take().map(({ requestId }) => requestId)).toEqual(['2', '3', '4']);
  });
});

describe('the loads', () => {
  const ask = async (path: string, caller: ServiceName) => {
    const authorization = await ServiceIdentity.of(caller, { NODE_ENV: 'test' }).authorizationFor('fhir-api');
    return fetch(`${system.service.url}/internal/${path}`, { headers: { authorization } });
  };
  /** The service reads the times at most every ten seconds. */
  const metric = (name: string, environment: string) =>
    eventually(
      async () => {
        const text = await (await fetch(`${system.service.url}/metrics`)).text();
        const line = `${name}{environment="${environment}",kind="claims",duty="one-business-day"}`;
        return text
          .split('\n')
          .find((one) => one.startsWith(line))
          ?.split(' ')[1];
      },
      { timeout: 20_000 },
    );

  it('are shown to the platform team with the age of each kind of data, which the metrics have, too', async () => {
    const newest = new Date(Date.now() - 3_600_000);
    await pool.query(
      `INSERT INTO data_freshness (kind, newest, complete_to, loaded_at) VALUES
         ('claims', $1::timestamptz - interval '1 day', $1, now()), ('clinical', $1, NULL, now()), ('retired', $1, NULL, now())`,
      [newest],
    );
    await pool.query(
      `INSERT INTO load_run (started_at, ended_at, is_complete, problem, files, counts)
       VALUES (now(), now(), true, NULL, '[{"name": "a.ndjson", "bytes": 3, "sha256": "ab"}]',
               '{"read": 5, "created": 4, "rejected": 1, "rejectedByKind": {"structure": 1}, "bareBySystem": {"x": 2}}'),
              (now(), now(), false, 'the database is away', '[{"name": "-"}]', '{}')`,
    );
    const answer = await ask('sandbox/loads', 'registration');
    const status = loadStatus.parse(await answer.json());
    const { due_at, ...claims } = status.freshness.find(({ kind }) => kind === 'claims')!;
    expect(claims).toMatchObject({
      newest: newest.toISOString(),
      declared: true,
      rule: '42 CFR 422.119(b)(1)(i)',
    });
    expect(Date.parse(due_at!)).toBeGreaterThan(Date.now());
    const ofKind = (kind: string) => status.freshness.find((row) => row.kind === kind);
    expect(ofKind('clinical')).toMatchObject({ newest: newest.toISOString(), declared: false });
    expect(ofKind('directory')).toMatchObject({ newest: null, due_at: null, loaded_at: null });
    expect(status.runs).toEqual([
      expect.objectContaining({ complete: false, problem: 'the database is away', files: [{ name: '-' }] }),
      expect.objectContaining({
        complete: true,
        counts: { read: 5, created: 4, updated: 0, unchanged: 0, deleted: 0, rejected: 1 },
        rejected_by_kind: { structure: 1 },
        bare_codes: { x: 2 },
      }),
    ]);
    const age = Number(await metric('fhir_data_age_seconds', 'sandbox'));
    expect(age).toBeGreaterThanOrEqual(3600);
    expect(age).toBeLessThan(3700);
    const due = Number(await metric('fhir_data_due_seconds', 'sandbox'));
    const metrics = await (await fetch(`${system.service.url}/metrics`)).text();
    expect(metrics).toMatch(/^fhir_unindexed_parameters\{environment="sandbox"\} 0$/m);
    expect(Math.abs(due - (Date.parse(due_at!) - Date.now()) / 1000)).toBeLessThan(60);
  });

  it('are refused to everybody else', async () => {
    expect((await ask('sandbox/loads', 'consent')).status).toBe(403);
    expect((await fetch(`${system.service.url}/internal/sandbox/loads`)).status).toBe(401);
  });
});
