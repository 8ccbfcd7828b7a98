import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appInEnvironment, appState, type AppState } from '@payer/smart';
import { DataSource } from 'typeorm';
import { approvedApp, signInTeam } from '../production-requests/testing/complete-request.js';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

describe('the name of an organization', () => {
  let portal: TestPortal;
  let url: string;
  let team: Visitor;
  let events: DataSource;
  let source: DataSource;
  beforeAll(async () => {
    portal = await startPortal({ PLAN_NAME: 'Example Health Plan' });
    ({ url } = portal.service);
    events = await new DataSource({ type: 'postgres', url: portal.config.EVENTS_DATABASE_URL }).initialize();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    team = await signInTeam(new Visitor(url));
  });
  afterAll(async () => {
    await events?.destroy();
    await source?.destroy();
    await portal?.stop();
  });

  const newest = async (id: string): Promise<AppState> => {
    const rows = (await events.query(
      `SELECT event->'data' AS data FROM event_log WHERE event->'data'->>'client_id' = $1
       ORDER BY (event->'data'->>'version')::integer DESC LIMIT 1`,
      [id],
    )) as { data: unknown }[];
    return appState.parse(rows[0]?.data);
  };
  const nameIn = async (id: string, environment: 'sandbox' | 'production') =>
    appInEnvironment(await newest(id), environment).organization;
  const organizationOf = async (developer: Visitor) => {
    const [own] = (await developer.json('GET', '/api/organizations', undefined, developer.token)).json;
    return own as { id: string; name: string };
  };
  const rename = async (developer: Visitor, name: string) =>
    developer.json(
      'PATCH',
      `/api/organizations/${(await organizationOf(developer)).id}`,
      { name },
      developer.token,
    );

  it('changes for all its apps: in the sandbox at once, in production after the approval', async () => {
    const { developer, id } = await approvedApp(url, team);
    const unapproved = await newApp(developer, { client_name: 'Second' });
    const answer = await rename(developer, 'Better Apps');
    expect(answer).toMatchObject({ status: 200, json: { name: 'Better Apps', role: 'admin' } });
    expect(await nameIn(id, 'sandbox')).toBe('Better Apps');
    expect(await nameIn(id, 'production')).toBe('Apps Inc');
    expect(await nameIn(unapproved, 'sandbox')).toBe('Better Apps');
    expect((await newest(unapproved)).reviewed).toBeNull();
    expect(
      (await developer.json('GET', '/api/developers/me', undefined, developer.token)).json,
    ).toMatchObject({ organization: 'Better Apps' });

    const [change] = (await team.json('GET', '/api/app-changes?status=pending', undefined, team.token))
      .json as { id: string; client_id: string; changes: unknown }[];
    expect(change).toMatchObject({
      client_id: id,
      changes: [{ field: 'organization', from: 'Apps Inc', to: 'Better Apps' }],
    });
    expect((await team.post(`/platform/changes/${change?.id}`, { decision: 'approve' })).status).toBe(303);
    expect(await nameIn(id, 'production')).toBe('Better Apps');
  });

  it('goes back without a review', async () => {
    const { developer, id } = await approvedApp(url, team);
    await rename(developer, 'Passing Name');
    await rename(developer, 'Apps Inc');
    expect(textOf(await developer.get(`/apps/${id}/production`))).not.toContain('wait for review');
    expect(await nameIn(id, 'sandbox')).toBe('Apps Inc');
  });

  it('is refused when it looks like the name of the plan, or is no name', async () => {
    const developer = await newDeveloper(url);
    for (const name of ['Example Health Plan', 'Exаmple Heаlth Plan', '', ' ', 'x'.repeat(101), 'a\u202eb'])
      expect((await rename(developer, name)).status).toBe(400);
    expect((await organizationOf(developer)).name).toBe('Apps Inc');
  });

  it('is changed on the page, which shows the act in the history', async () => {
    const developer = await newDeveloper(url);
    const { id } = await organizationOf(developer);
    const refused = await developer.post(`/organizations/${id}/name`, { name: 'Example Health Plan' });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('value="Example Health Plan"');
    const renamed = await developer.post(`/organizations/${id}/name`, { name: 'Renamed Here' });
    expect(renamed.headers.get('location')).toBe(`/organizations/${id}?done=renamed`);
    const page = textOf(await developer.get(`/organizations/${id}?done=renamed`));
    expect(page).toContain('The organization has its new name.');
    const [act] = (
      await developer.json('GET', `/api/organizations/${id}/history`, undefined, developer.token)
    ).json as unknown[];
    expect(act).toMatchObject({ action: 'organization-renamed', new_name: 'Renamed Here' });
    const [entry] = await source.query(
      `SELECT detail FROM audit_entry WHERE action = 'organization-renamed' AND detail->>'organization_id' = $1`,
      [id],
    );
    expect(entry.detail).toEqual({ organization_id: id, from: 'Apps Inc', new_name: 'Renamed Here' });
  });

  it('changes at most ten times a day; the same name again changes nothing', async () => {
    const developer = await newDeveloper(url);
    const app = await newApp(developer);
    for (let n = 0; n < 10; n++) expect((await rename(developer, `Name ${n}`)).status).toBe(200);
    const { version } = await newest(app);
    expect((await rename(developer, 'Name 9')).status).toBe(200);
    expect((await newest(app)).version).toBe(version);
    expect((await rename(developer, 'Name 10')).json).toMatchObject({ code: 'too_many_renames' });
  });

  it('and a concurrent change of an app both reach the last event', async () => {
    const developer = await newDeveloper(url);
    const app = await newApp(developer);
    const patch = (client_name: string) =>
      developer.json('PATCH', `/api/apps/${app}`, { client_name }, developer.token);
    await Promise.all([rename(developer, 'Together'), patch('One'), patch('Two')]);
    const { version, organization } = await newest(app);
    expect({ version, organization }).toEqual({ version: 4, organization: 'Together' });
  });
});
