import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  approvedApp,
  signInTeam,
  submittedRequest,
} from '../production-requests/testing/complete-request.js';
import { startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { DataSource } from 'typeorm';

describe('the reports', () => {
  let portal: TestPortal;
  let source: DataSource;
  let team: Visitor;
  let bearer: string;
  beforeAll(async () => {
    portal = await startPortal();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    team = await signInTeam(new Visitor(portal.service.url));
    const account = { email: 'platform@example.org', password: 'platform-password' };
    bearer = (await team.json('POST', '/api/sessions', account)).json.token;
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });

  const report = async (path: string) =>
    (await team.json('GET', `/api/reports/${path}`, undefined, bearer)).json;
  const grant = (grantId: string, patient: string, environment = 'production') =>
    source.query(
      `INSERT INTO grant_history VALUES ($1, 1, $3, 'sub-' || $2, $2, 'app', now(), now() + interval '1 day', NULL, NULL)`,
      [grantId, patient, environment],
    );
  const total = (
    grantId: string | null,
    day: string,
    requests: number,
    errors = 0,
    environment = 'production',
  ) =>
    source.query(`INSERT INTO access_total VALUES ($1, 1, $2, $3, $4, $5, $6, $7, now())`, [
      `${environment}:app:${grantId}:${day}`,
      'app',
      environment,
      grantId,
      day,
      requests,
      errors,
    ]);

  it('count each member once, by all grants, in production and in the year only', async () => {
    for (const [id, patient] of [
      ['once', 'p-once'],
      ['twice', 'p-twice'],
      ['two-apps-1', 'p-two-apps'],
      ['two-apps-2', 'p-two-apps'],
      ['refused', 'p-refused'],
      ['late', 'p-late'],
      ['turn', 'p-turn'],
    ] as const)
      await grant(id, patient);
    await grant('sandbox', 'p-sandbox', 'sandbox');
    await total('once', '2024-05-01', 1);
    await total('twice', '2024-05-01', 3, 1);
    await total('two-apps-1', '2024-01-01', 1);
    await total('two-apps-2', '2024-12-31', 1);
    await total('refused', '2024-05-01', 4, 4);
    await total('late', '2025-01-01', 9);
    await total('turn', '2023-12-31', 9);
    await total('sandbox', '2024-05-01', 9, 0, 'sandbox');
    await total(null, '2024-05-01', 9);
    await total('unknown', '2024-05-01', 2);
    expect(await report('patient-access?year=2024')).toEqual({
      year: 2024,
      is_complete: true,
      unique_members: 3,
      unique_members_more_than_once: 2,
      unique_members_more_than_one_day: 1,
      apps: 1,
      transfers: 7,
      transfers_without_member: 2,
    });
    expect(await report('patient-access?year=2022')).toMatchObject({ unique_members: 0, transfers: 0 });
  });

  it('are a page and a file, with the same figures', async () => {
    const page = textOf(await team.get('/platform/reports?year=2024'));
    expect(page).toContain('3 unique members whose data went to an app');
    expect(page).toContain('2 unique members whose data went to an app more than once');
    const file = await team.get('/platform/reports/patient-access.csv?year=2024');
    expect(file.headers.get('content-type')).toContain('text/csv');
    const [head, row] = file.text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(row?.[head?.indexOf('unique_members_more_than_once') ?? -1]).toBe('2');
  });

  it('count more transfers than 32 bits hold', async () => {
    await grant('busy', 'p-busy');
    for (const day of ['2022-01-01', '2022-01-02']) await total('busy', day, 2_000_000_000);
    expect(await report('patient-access?year=2022')).toMatchObject({ transfers: 4_000_000_000 });
  });

  it('refuse a year that is not one, or that has not begun', async () => {
    for (const year of ['x', '1', '2024.5', '9999', '2024&format=xml'])
      expect(
        (await team.json('GET', `/api/reports/patient-access?year=${year}`, undefined, bearer)).status,
      ).toBe(400);
  });

  it('give usage, error rate and the 95th percentile by API and app', async () => {
    const { id } = await submittedRequest(portal.service.url, team, { app: { client_name: '=Sum' } });
    for (let index = 1; index <= 100; index++)
      await source.query(
        `INSERT INTO app_request (id, client_id, environment, at, kind, method, path, status, duration_ms)
         VALUES ($1, $2, 'production', now(), 'fhir', 'GET', '/Patient', $3, $4)`,
        [`request-${index}`, id, index <= 5 ? 404 : 200, index],
      );
    const usage = await report('usage?environment=production');
    expect(usage.apps).toEqual([
      {
        client_id: id,
        client_name: '=Sum',
        kind: 'fhir',
        requests: 100,
        errors: 5,
        error_rate: 0.05,
        p95_ms: 95,
      },
    ]);
    expect(usage.totals).toEqual([{ kind: 'fhir', requests: 100, errors: 5, error_rate: 0.05, p95_ms: 95 }]);
    expect((await report('usage?environment=sandbox')).apps).toEqual([]);
    // A spreadsheet must not run a name as a formula.
    expect((await team.get('/platform/reports/usage.csv')).text).toContain(",'=Sum,");
  });

  it('list the decisions with times and reasons', async () => {
    const { request } = await submittedRequest(portal.service.url, team, { app: { client_name: 'Refused' } });
    const rejection = { decision: 'reject', note: 'Plain http.', reason: 'unencrypted-transport' };
    await team.post(`/platform/requests/${request}`, rejection);
    const { developer, id } = await approvedApp(portal.service.url, team, { client_name: 'Allowed' });
    await developer.post(`/apps/${id}/settings`, { client_name: 'Allowed Anew' });
    const change = (await team.get('/')).text.match(/changes\/([\w-]{36})/)?.[1];
    await team.post(`/platform/changes/${change}`, { decision: 'approve' });
    const year = new Date().getUTCFullYear();
    const { decisions, median_hours } = await report(`decisions?year=${year}`);
    expect(median_hours).toBe(0);
    expect(decisions).toMatchObject([
      { client_name: 'Allowed Anew', subject: 'change', decision: 'approved' },
      { client_name: 'Allowed Anew', subject: 'production request', decision: 'approved', hours: 0 },
      { client_name: 'Refused', decision: 'rejected', reason: 'unencrypted-transport', note: 'Plain http.' },
    ]);
    expect((await report(`decisions?year=${year - 1}`)).decisions).toEqual([]);
    expect(textOf(await team.get(`/platform/reports?year=${year}`))).toContain('Unencrypted transport');
  });
});
