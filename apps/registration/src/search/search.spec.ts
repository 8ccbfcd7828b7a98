import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { signInTeam } from '../production-requests/testing/complete-request.js';
import { newApp, newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

describe('the search of the platform team', () => {
  let portal: TestPortal;
  let team: Visitor;
  let id: string;
  beforeAll(async () => {
    portal = await startPortal();
    team = await signInTeam(new Visitor(portal.service.url));
    const developer = await newDeveloper(portal.service.url);
    id = await newApp(developer, {
      client_name: '100% Costs <b>',
      redirect_uris: 'https://rare-host.example/redirect',
    });
    const source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    await source.query(
      `INSERT INTO grant_history VALUES ('grant-1', 1, 'production', 'sub-1', 'patient-1', $1, now(),
         now() + interval '1 day', NULL, NULL)`,
      [id],
    );
    await source.destroy();
  });
  afterAll(() => portal?.stop());

  const found = async (text: string) =>
    textOf(await team.get(`/platform/search?${new URLSearchParams({ q: text })}`));

  it.each(['100% co', 'RARE-HOST', 'apps inc'])('finds an app by "%s"', async (text) => {
    expect(await found(text)).toContain('100% Costs');
  });

  it('finds a developer by a part of the address, with the apps', async () => {
    const page = await found('@client-app.example');
    expect(page).toContain('Page Developer');
    expect(page).toContain('100% Costs');
  });

  it.each(['grant-1', 'sub-1', 'patient-1'])('finds a grant by the whole id %s', async (text) => {
    expect(await found(text)).toContain('grant-1');
  });

  it('finds no grant by a part of an id, and nothing by what is not there', async () => {
    for (const text of ['patient-', 'no-such-thing', '%', "'; DROP TABLE app; --"])
      expect(await found(text)).not.toContain('grant-1');
    expect(await found('no-such-thing')).toContain('Nothing found');
  });

  it('writes names as text', async () => {
    expect((await team.get('/platform/search?q=100')).text).toContain('100% Costs &lt;b>');
  });
});
