import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../config.js';
import {
  newDeveloper,
  portalOrigin,
  startPortal,
  textOf,
  Visitor,
  type TestPortal,
} from '../testing/portal.js';
import { startTeamUpstream, type TeamUpstream, type UpstreamPerson } from './testing/team-upstream.js';

describe('sign-in of the platform team at the plan’s provider', () => {
  let portal: TestPortal;
  let upstream: TeamUpstream;
  beforeAll(async () => {
    upstream = await startTeamUpstream(`${portalOrigin}/platform/sign-in/callback`);
    portal = await startPortal({
      PLATFORM_PROVIDER: JSON.stringify({
        name: 'Plan Staff',
        issuer: upstream.issuer,
        client_id: 'portal',
        client_secret: 'upstream-secret',
        roles: { 'app-reviewers': 'reviewer', 'app-auditors': 'auditor' },
      }),
    });
  });
  afterAll(async () => {
    upstream?.close();
    await portal?.stop();
  });

  /** Follows the redirects of the provider with its cookies. @returns the address of the portal's callback */
  const atProvider = async (start: string): Promise<URL> => {
    const cookies = new Map<string, string>();
    let at = start;
    for (let step = 0; step < 10; step++) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
      for (const set of answer.headers.getSetCookie()) {
        const [pair = ''] = set.split(';');
        cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const next = new URL(answer.headers.get('location') ?? '', at);
      if (next.origin === portalOrigin) return next;
      at = next.href;
    }
    throw new Error('the provider does not come back');
  };
  const signIn = async (person: UpstreamPerson, visitor = new Visitor(portal.service.url)) => {
    upstream.person = person;
    const left = await visitor.get('/platform/sign-in');
    expect(left.status).toBe(303);
    const back = await atProvider(left.headers.get('location') ?? '');
    return { visitor, answer: await visitor.get(`${back.pathname}${back.search}`), back };
  };
  const rita = { sub: 'rita', email: 'rita@plan.example', groups: ['app-reviewers', 'everybody'] };

  it('is offered on the sign-in page', async () => {
    expect((await new Visitor(portal.service.url).get('/sign-in')).text).toContain('Sign in with Plan Staff');
  });

  it('gives the roles of the groups, anew at each sign-in', async () => {
    const { visitor, answer } = await signIn(rita);
    expect(answer.headers.get('location')).toBe('/');
    expect(textOf(await visitor.get('/'))).toContain('Production requests');
    expect((await visitor.get('/platform/audit')).status).toBe(403);
    const again = await signIn({ ...rita, email: 'rita.new@plan.example', groups: ['app-auditors'] });
    expect((await again.visitor.get('/platform/audit')).status).toBe(200);
    expect((await again.visitor.get('/platform/team')).status).toBe(403);
  });

  it('refuses a person without a group, and takes the roles of one who has left the groups', async () => {
    expect(
      (await signIn({ ...rita, sub: 'stranger', groups: ['everybody', '__proto__'] })).answer.status,
    ).toBe(403);
    const { visitor } = await signIn(rita);
    expect((await signIn({ ...rita, groups: [] })).answer.status).toBe(403);
    expect((await visitor.post('/platform/requests/x', { decision: 'approve' })).status).toBe(403);
  });

  it('refuses the address of a developer, an unverified one, and an ended account', async () => {
    const email = 'someone@client-app.example';
    const developer = await newDeveloper(portal.service.url, email);
    expect((await developer.get('/platform/team')).status).toBe(403);
    const address = await signIn({ ...rita, sub: 'dev', email });
    expect(textOf(address.answer)).toContain('developer account');
    const unverified = { ...rita, sub: 'unverified', email: 'x@plan.example', email_verified: false };
    expect((await signIn(unverified)).answer.status).toBe(400);
  });

  it('refuses an answer without the browser that began, and a second use of it', async () => {
    const { back, visitor } = await signIn(rita);
    expect((await new Visitor(portal.service.url).get(`${back.pathname}${back.search}`)).status).toBe(400);
    expect((await visitor.get(`${back.pathname}${back.search}`)).status).toBe(400);
  });
});

it.each([
  ['no JSON', '{'],
  ['no issuer', '{"name":"x","client_id":"y","roles":{}}'],
  ['an unknown role', '{"name":"x","issuer":"https://i.example","client_id":"y","roles":{"g":"owner"}}'],
])('PLATFORM_PROVIDER with %s stops the start and does not show the value', (_what, value) => {
  expect(() => readConfig({ NODE_ENV: 'test', PLATFORM_PROVIDER: value })).toThrow(/PLATFORM_PROVIDER/);
});
