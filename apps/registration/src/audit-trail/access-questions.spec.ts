import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner, PostgresEventLog } from '@payer/events';
import type { RunningService } from '@payer/service';
import { cloudEvent, type AuditEntry, type GrantState } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { registration } from '../service.js';
import { Neighbours, type Member } from './testing/neighbours.js';
import { migrated } from '../testing/migrated.js';

const member: Member = { sub: 'sub-x', patient: 'patient-x', member_number: 'M-1001' };

describe('the platform team asks who read what', () => {
  const neighbours = new Neighbours();
  let postgres: TestPostgres;
  let service: RunningService;
  let source: DataSource;
  let log: PostgresEventLog;
  let token: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await neighbours.start();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      FHIR_API_INTERNAL_URL: url,
      AUTH_SERVER_INTERNAL_URL: url,
      DATABASE_URL: await postgres.database('registration', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
    });
    service = await registration.start(config);
    log = new PostgresEventLog(config.EVENTS_DATABASE_URL);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    const signedIn = await fetch(`${service.url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'platform@example.org', password: 'platform-password' }),
    });
    token = ((await signedIn.json()) as { token: string }).token;
    await source.query(
      `INSERT INTO app (client_id, owner_id, version, client_name, redirect_uris, contacts, require_pkce, status)
       SELECT id, (SELECT min(account.id::text)::uuid FROM account), 1, name, '{}', '{}', false, status
       FROM (VALUES ('appone', 'Health One', 'active'), ('apptwo', 'Health Two', 'deleted')) AS app (id, name, status)`,
    );
  });
  afterAll(async () => {
    await service?.close();
    await log?.close();
    await source?.destroy();
    await postgres?.stop();
    neighbours.stop();
  });
  beforeEach(() => {
    neighbours.isReachable = true;
    neighbours.members = [member];
  });

  async function ask(path: string, query: Partial<Record<string, string>>) {
    const response = await fetch(
      `${service.url}/api/audit${path}?${new URLSearchParams(query as Record<string, string>)}`,
      {
        headers: { authorization: `Bearer ${token}` },
      },
    );
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are asserted on, not used
    return { status: response.status, body: (await response.json()) as any };
  }

  async function publishGrant(changes: Partial<GrantState>, type: 'grant-created' | 'grant-revoked') {
    const grant: GrantState = {
      grant_id: randomUUID(),
      version: 1,
      environment: 'sandbox',
      sub: member.sub,
      patient: member.patient,
      client_id: 'appone',
      scope: 'patient/*.rs',
      status: 'active',
      created_at: '2026-03-01T08:00:00.000Z',
      expires_at: '2026-04-01T08:00:00.000Z',
      revoked_at: null,
      revoked_reason: null,
      ...changes,
    };
    await log.append([localSigner(cloudEvent(type, grant, { id: randomUUID(), time: new Date() }))]);
    await eventually(async () => {
      const rows = await source.query('SELECT version FROM grant_history WHERE grant_id = $1', [
        grant.grant_id,
      ]);
      return rows[0]?.version >= grant.version;
    });
    return grant;
  }

  it('a member is found by member number, sub or patient id; records are asked for by patient', async () => {
    const month = { environment: 'sandbox', since: '2026-03', until: '2026-03' };
    for (const name of [
      { member: 'M-1001' },
      { member: 'sub-x' },
      { member: 'patient-x' },
      { patient: 'patient-x' },
    ]) {
      const { status, body } = await ask('/readers', { ...name, ...month });
      expect([status, body.members]).toEqual([200, [member]]);
      expect(body.apps).toEqual([
        expect.objectContaining({
          ...{ client_id: 'appone', client_name: 'Health One', requests: 4, refused: 2, resources: 10 },
          types: [
            { resource_type: 'Coverage', requests: 2, refused: 1, resources: 5 },
            { resource_type: 'Patient', requests: 2, refused: 1, resources: 5 },
          ],
        }),
      ]);
      const query = new URL(`http://x${neighbours.accessQuery}`).searchParams;
      expect(Object.fromEntries(query)).toEqual({
        ...{ patient: 'patient-x', member: 'sub-x' },
        ...{ since: '2026-03-01T00:00:00.000Z', until: '2026-04-01T00:00:00.000Z' },
      });
      const records = await ask('', { type: 'data-access', ...name, ...month, app: 'health one' });
      expect(records.status).toBe(200);
      expect(neighbours.accessQuery).toMatch(
        /^\/internal\/sandbox\/access\?client_id=appone&patient=patient-x&member=/,
      );
    }
  });

  it('the acts that concern a member are found by member number, in each environment', async () => {
    const entry: AuditEntry = {
      ...{
        id: randomUUID(),
        version: 1,
        at: new Date().toISOString(),
        service: 'auth-server',
        action: 'signed-in',
      },
      ...{ actor_role: 'member', actor: 'sub-x', environment: 'sandbox', client_id: null, grant_id: null },
      ...{ sub: 'sub-x', request_id: null, trace_id: null, detail: {} },
    };
    await log.append([
      localSigner(cloudEvent('audit-recorded', entry, { id: randomUUID(), time: new Date() })),
    ]);
    await eventually(async () => (await ask('', { member: 'M-1001' })).body.entries?.length === 1);
    expect((await ask('', { patient: 'patient-x', type: 'signed-in' })).body.entries).toEqual([entry]);
    expect((await ask('', { sub: 'sub-x', type: 'sign-in-refused' })).body.entries).toEqual([]);
  });

  it('which apps had access on a day: grants that lived on some part of it, used or not', async () => {
    const grant = await publishGrant({}, 'grant-created');
    await publishGrant({ client_id: 'apptwo', patient: 'somebody-else', sub: 'other' }, 'grant-created');
    const short = await publishGrant(
      { client_id: 'apptwo', created_at: '2026-03-10T23:59:00.000Z' },
      'grant-created',
    );
    await publishGrant(
      {
        ...short,
        version: 2,
        status: 'revoked',
        revoked_at: '2026-03-12T00:01:00.000Z',
        revoked_reason: 'member',
      },
      'grant-revoked',
    );
    // This request is late: the grant has been revoked already.
    await log.append([
      localSigner(cloudEvent('grant-created', short, { id: randomUUID(), time: new Date() })),
    ]);
    await source.query(
      `INSERT INTO access_total (id, version, client_id, environment, grant_id, day, requests, errors, last_at)
       VALUES ('total', 1, 'apptwo', 'sandbox', $1, '2026-03-11', 7, 2, now())`,
      [short.grant_id],
    );
    const appsOn = async (day: string) =>
      (await ask('/apps-with-access', { member: 'M-1001', environment: 'sandbox', day })).body.apps.map(
        (app: { client_name: string; requests: number }) => `${app.client_name} ${app.requests}`,
      );
    expect(await appsOn('2026-02-28')).toEqual([]);
    expect(await appsOn('2026-03-01')).toEqual(['Health One 0']);
    expect(await appsOn('2026-03-10')).toEqual(['Health One 0', 'Health Two 0']);
    expect(await appsOn('2026-03-11')).toEqual(['Health One 0', 'Health Two 7']);
    expect(await appsOn('2026-03-12')).toEqual(['Health One 0', 'Health Two 0']);
    expect(await appsOn('2026-03-13')).toEqual(['Health One 0']);
    expect(await appsOn('2026-04-01')).toEqual(['Health One 0']);
    expect(await appsOn('2026-04-02')).toEqual([]);
    const { body } = await ask('/apps-with-access', {
      patient: 'patient-x',
      environment: 'sandbox',
      day: '2026-03-02',
    });
    expect(body.apps[0].grants).toEqual([
      {
        ...{
          grant_id: grant.grant_id,
          sub: 'sub-x',
          created_at: grant.created_at,
          ends_at: grant.expires_at,
        },
        revoked_reason: null,
      },
    ]);
  });

  it('what an app read is found by client_id or name, by type and by day', async () => {
    for (const app of ['appone', 'Health One', 'HEALTH ONE', 'th one']) {
      const { body } = await ask('/reads', {
        app,
        environment: 'sandbox',
        since: '2026-03-01',
        until: '2026-03-31',
      });
      expect(neighbours.accessQuery).toBe(
        '/internal/sandbox/access/days?client_id=appone&from=2026-03-01&to=2026-03-31',
      );
      const total = { requests: 4, refused: 2, resources: 10 };
      expect(body.apps).toEqual([
        {
          ...{ client_id: 'appone', client_name: 'Health One', ...total },
          types: [{ resource_type: 'Patient', interaction: 'read', ...total }],
          days: ['2026-03-02', '2026-03-20'].map((day) => ({ day, requests: 2, refused: 1, resources: 5 })),
        },
      ]);
    }
    const both = await ask('/reads', { app: 'health', environment: 'sandbox' });
    expect(both.body.apps).toHaveLength(2);
  });

  it('says so when nobody is meant, several are meant, or nobody can say', async () => {
    const query = { environment: 'sandbox', day: '2026-03-02' };
    const refusal = async (path: string, more: Record<string, string>) => {
      const { status, body } = await ask(path, { ...query, ...more });
      return `${status} ${body.code}`;
    };
    expect(await refusal('/apps-with-access', { member: 'M-9999' })).toBe('404 member_not_found');
    expect(await refusal('/apps-with-access', { sub: 'patient-x' })).toBe('404 member_not_found');
    expect(await refusal('/apps-with-access', {})).toBe('400 invalid_request');
    expect(await refusal('/apps-with-access', { member: 'M-1001', sub: 'sub-x' })).toBe(
      '400 invalid_request',
    );
    neighbours.members = [member, { sub: 'M-1001', patient: 'patient-z', member_number: 'Z' }];
    expect(await refusal('/apps-with-access', { member: 'M-1001' })).toBe('400 invalid_request');
    expect(await refusal('/apps-with-access', { sub: 'sub-x' })).toBe('200 undefined');
    neighbours.isReachable = false;
    expect(await refusal('/apps-with-access', { member: 'M-1001' })).toBe('503 member_directory_unavailable');
    // The grant history also knows the member.
    expect(await refusal('/apps-with-access', { patient: 'patient-x' })).toBe('200 undefined');
    const reads = await ask('/reads', { app: 'appone', environment: 'sandbox' });
    expect([reads.status, reads.body.code]).toEqual([503, 'data_access_unavailable']);
    expect((await ask('/reads', { app: 'nobody', environment: 'sandbox' })).body.code).toBe('app_not_found');
  });

  it('a list refuses a parameter that it does not know, by API and by page, and names those it knows', async () => {
    const cookie = await pageCookie();
    const call = (path: string) =>
      fetch(`${service.url}${path}`, {
        headers: path.startsWith('/api') ? { authorization: `Bearer ${token}` } : { cookie },
      });
    for (const path of [
      '/api/audit?clientid=1',
      '/api/audit/readers?environment=sandbox&member=M-1001&day=2026-03-01',
      '/api/audit/apps-with-access?environment=sandbox&member=M-1001&day=2026-03-01&app=one',
      '/api/audit/reads?environment=sandbox&app=appone&member=M-1001',
      '/api/apps?status=active',
      '/api/apps/appone/activity?status=200',
      '/api/production-requests?state=pending',
      '/platform/audit?clientid=1',
      '/platform/audit/readers?environment=sandbox&member=M-1001&day=2026-03-01',
      '/platform/apps?status=active',
      '/?state=active',
    ]) {
      const answer = await call(path);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(await answer.text()).toMatch(/is not a parameter of this list(, which takes none)?\./);
    }
    expect(await (await call('/api/audit?clientid=1')).text()).toContain('client_id');
  });

  it('shows each answer on a page', async () => {
    const cookie = await pageCookie();
    const page = (path: string) => pageOf(path, cookie);
    expect(await page('/platform/audit/questions')).toMatch(/^200 .*Who read a member’s data/s);
    const environment = 'environment=sandbox';
    expect(await page(`/platform/audit/readers?${environment}&member=M-1001&since=2026-03&until=`)).toMatch(
      /^200 .*Health One.*Coverage \(2\), Patient \(2\)/s,
    );
    expect(
      await page(`/platform/audit/apps-with-access?${environment}&member=M-1001&day=2026-03-11`),
    ).toMatch(/^200 .*Health Two.*member/s);
    expect(await page(`/platform/audit/reads?${environment}&app=Health+One`)).toMatch(
      /^200 .*What Health One read/s,
    );
    expect(await page(`/platform/audit/reads?${environment}&app=`)).toMatch(/^400 .*App/s);
    expect(await page(`/platform/audit/readers?${environment}&member=nobody`)).toMatch(/^404 .*No member/s);
    expect(
      await page(`/platform/audit?type=data-access&${environment}&member=M-1001&app=Health+One`),
    ).toMatch(/^200/);
  });

  it('shows how new the data is and what was loaded, by API and as a page', async () => {
    const api = (query: string) =>
      fetch(`${service.url}/api/loads${query}`, { headers: { authorization: `Bearer ${token}` } });
    const answer = await api('?environment=sandbox');
    expect([answer.status, ((await answer.json()) as { environment: string }).environment]).toEqual([
      200,
      'sandbox',
    ]);
    expect((await api('?environment=elsewhere')).status).toBe(400);
    const cookie = await pageCookie();
    const page = (query = '') => pageOf(`/platform/data${query}`, cookie);
    const production = await page();
    expect(production).toMatch(/^200 .*aria-current="page"[^>]*>production/s);
    expect(production).toMatch(/Claims.*\(declared by the source\).*42 CFR 422\.119\(b\)\(1\)\(i\).*Late/s);
    expect(production).toMatch(/Provider directory.*3 hours.*In time/s);
    expect(production).toMatch(/claims\.ndjson.*abababababab.*8 created, 2 refused.*structure: 2.*cpt: 4/s);
    expect(await page('?environment=sandbox')).toMatch(/^200 .*aria-current="page"[^>]*>sandbox/s);
    expect(await page('?env=sandbox')).toMatch(/^400/);
    neighbours.isReachable = false;
    expect((await api('?environment=sandbox')).status).toBe(503);
    expect(await page()).toMatch(/^503 .*fhir-api does not answer now/s);
  });

  /** The status and the text of a page. */
  async function pageOf(path: string, cookie: string): Promise<string> {
    const answer = await fetch(`${service.url}${path}`, { headers: { cookie } });
    return `${answer.status} ${await answer.text()}`;
  }

  async function pageCookie(): Promise<string> {
    const signedIn = await fetch(`${service.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ email: 'platform@example.org', password: 'platform-password' }),
    });
    return signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  }
});
