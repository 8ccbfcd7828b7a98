import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appInEnvironment, appState, type AppState } from '@payer/smart';
import { DataSource } from 'typeorm';
import { approvedApp, signInTeam } from '../production-requests/testing/complete-request.js';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

describe('a change of an approved app', () => {
  let portal: TestPortal;
  let url: string;
  let team: Visitor;
  let source: DataSource;
  beforeAll(async () => {
    portal = await startPortal();
    ({ url } = portal.service);
    source = await new DataSource({ type: 'postgres', url: portal.config.EVENTS_DATABASE_URL }).initialize();
    team = await signInTeam(new Visitor(url));
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });

  /** The newest published state of an app. The answer of a form waits until the event is published. */
  const published = async (id: string): Promise<AppState> => {
    const rows = (await source.query(
      `SELECT event->'data' AS data FROM event_log WHERE event->'data'->>'client_id' = $1
       ORDER BY (event->'data'->>'version')::integer DESC LIMIT 1`,
      [id],
    )) as { data: unknown }[];
    return appState.parse(rows[0]?.data);
  };
  const inProduction = async (id: string) => appInEnvironment(await published(id), 'production');
  const inSandbox = async (id: string) => appInEnvironment(await published(id), 'sandbox');

  const changeIdOf = async (name: string) => {
    const queue = await team.get('/');
    return queue.text.match(new RegExp(`/platform/changes/([\\w-]{36})"><bdi>${name}`))?.[1];
  };

  const policy_uri = 'https://client-app.example/privacy';
  const tos_uri = 'https://client-app.example/terms';
  const kept = { client_name: 'Health', policy_uri, tos_uri };
  const other = 'https://other.example/page';
  const cases: [string, string, Record<string, string>, Partial<AppState>][] = [
    ['name', 'settings', { ...kept, client_name: 'Renamed' }, { client_name: 'Health' }],
    ['privacy policy', 'settings', { ...kept, policy_uri: other }, { policy_uri }],
    ['terms', 'settings', { ...kept, tos_uri: '' }, { tos_uri }],
    [
      'address after sign-out',
      'settings',
      { ...kept, post_logout_redirect_uris: other },
      { post_logout_redirect_uris: [] },
    ],
    [
      'redirect host',
      'redirect-uris',
      { redirect_uris: other },
      { redirect_uris: ['https://client-app.example/redirect'] },
    ],
  ];
  it.each(cases)(
    'of its %s works in the sandbox at once and in production after approval',
    async (_what, tab, form, reviewed) => {
      const { developer, id } = await approvedApp(url, team);
      expect((await developer.post(`/apps/${id}/${tab}`, form)).status).toBe(303);
      expect(await inProduction(id)).toMatchObject(reviewed);
      expect(await inSandbox(id)).not.toMatchObject(reviewed);
      expect(textOf(await developer.get(`/apps/${id}/production`))).toContain('wait for review');
      const change = await changeIdOf(form.client_name ?? 'Health');
      expect((await team.get(`/platform/changes/${change}`)).status).toBe(200);
      expect((await team.post(`/platform/changes/${change}`, { decision: 'approve' })).status).toBe(303);
      expect(await inProduction(id)).not.toMatchObject(reviewed);
      expect(textOf(await developer.get(`/apps/${id}/production`))).not.toContain('wait for review');
    },
  );

  it('needs no review on a reviewed host, and a removed URI ends in production at once', async () => {
    const { developer, id } = await approvedApp(url, team);
    const second = 'https://client-app.example/second';
    await developer.post(`/apps/${id}/redirect-uris`, { redirect_uris: second });
    expect((await inProduction(id)).redirect_uris).toContain(second);
    await developer.post(`/apps/${id}/redirect-uris/remove`, { uri: second });
    expect((await inProduction(id)).redirect_uris).not.toContain(second);
    expect(textOf(await developer.get(`/apps/${id}/production`))).not.toContain('wait for review');
  });

  it('stays in the sandbox when it is rejected, and waits again only when it changes again', async () => {
    const { developer, id } = await approvedApp(url, team);
    await developer.post(`/apps/${id}/settings`, { ...kept, client_name: 'Your Bank' });
    const change = await changeIdOf('Your Bank');
    const rejection = { decision: 'reject', note: 'Not a bank.', reason: 'identity-not-established' };
    expect((await team.post(`/platform/changes/${change}`, { ...rejection, reason: '' })).status).toBe(400);
    expect((await team.post(`/platform/changes/${change}`, rejection)).status).toBe(303);
    expect((await inProduction(id)).client_name).toBe('Health');
    expect((await inSandbox(id)).client_name).toBe('Your Bank');
    expect(textOf(await developer.get(`/apps/${id}/production`))).toContain('Not a bank.');
    await developer.post(`/apps/${id}/redirect-uris`, { redirect_uris: 'https://client-app.example/x' });
    expect(await changeIdOf('Your Bank')).toBeUndefined();
    await developer.post(`/apps/${id}/settings`, kept);
    expect(textOf(await developer.get(`/apps/${id}/production`))).not.toContain('Not a bank.');
    await developer.post(`/apps/${id}/settings`, { ...kept, client_name: 'Your Bank' });
    expect(await changeIdOf('Your Bank')).toBeDefined();
  });

  it('is not decided twice, and not by what the developer changed meanwhile', async () => {
    const { developer, id } = await approvedApp(url, team);
    await developer.post(`/apps/${id}/settings`, { ...kept, client_name: 'First Name' });
    const first = await changeIdOf('First Name');
    await developer.post(`/apps/${id}/settings`, { ...kept, client_name: 'Second Name' });
    const late = await team.post(`/platform/changes/${first}`, { decision: 'approve' });
    expect(late.status).toBe(400);
    expect((await inProduction(id)).client_name).toBe('Health');
    const second = await changeIdOf('Second Name');
    expect((await team.post(`/platform/changes/${second}`, { decision: 'approve' })).status).toBe(303);
    expect((await team.post(`/platform/changes/${second}`, { decision: 'approve' })).status).toBe(400);
    expect((await inProduction(id)).client_name).toBe('Second Name');
  });

  it('before the approval needs no review', async () => {
    const developer = await newDeveloper(url);
    const id = await newApp(developer);
    await developer.post(`/apps/${id}/settings`, { client_name: 'Free Name' });
    expect(await changeIdOf('Free Name')).toBeUndefined();
    expect((await published(id)).reviewed).toBeNull();
  });
});
