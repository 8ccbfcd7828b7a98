import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { planRules, type AppState } from '@payer/smart';
import { languages } from '@payer/ui';
import { SignJWT } from 'jose';
import { Keys } from '../keys/keys.js';
import { appOf } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';

const scope = planRules['patient-access'].scopes.join(' ');
const bye = 'https://client-app.com/bye?from=plan';

describe('a sign-out that an app begins', () => {
  const system = new AuthServerUnderTest();
  let app: AppState;
  let other: AppState;
  let tokens: Awaited<ReturnType<typeof system.connect>>;
  let go: Browser;
  beforeAll(async () => {
    await system.start();
    app = await system.register(appOf('patient-access', { post_logout_redirect_uris: [bye] }));
    const theirs = ['https://other-app.com/bye'];
    other = await system.register(appOf('patient-access', { post_logout_redirect_uris: theirs }));
    await system.addMember('sandbox', 'second', 'sub-2');
    tokens = await system.connect(app);
  });
  afterAll(() => system.stop());
  beforeEach(async () => {
    go = await signedIn();
  });

  /** A browser in which a member is signed in. */
  async function signedIn(username = 'member', browser = system.browser()): Promise<Browser> {
    const { location } = await browser(system.authorizePath(app, { scope, prompt: 'login' }));
    const body = new URLSearchParams({ username, password: 'password' });
    const posted = await browser(location, { method: 'POST', body });
    expect((await browser(posted.location)).status).toBe(303);
    return browser;
  }
  async function isSignedIn(browser = go): Promise<boolean> {
    const { location } = await browser(system.authorizePath(app, { scope, prompt: 'none' }));
    return new URL(location).searchParams.get('error') !== 'login_required';
  }
  const pathOf = (parameters: Record<string, string>, environment = 'sandbox') =>
    `/${environment}/end-session?${new URLSearchParams(parameters)}`;
  const asked = () => ({ id_token_hint: tokens.id_token!, post_logout_redirect_uri: bye, state: 'a b&c' });
  const tokenOf = (text: string) => /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const answer = (path: string, fields: Record<string, string>, browser = go) =>
    browser(path, { method: 'POST', body: new URLSearchParams(fields) });
  async function idToken(claims: Record<string, unknown>, header: Record<string, unknown> = {}) {
    const { kid, key } = system.service.app.get(Keys).signing('sandbox');
    return new SignJWT({
      iss: 'http://localhost:4000/sandbox',
      aud: app.client_id,
      sub: 'sub-1',
      iat: 1_700_000_000,
      exp: 1_700_003_599,
      ...claims,
    })
      .setProtectedHeader({ alg: 'RS256', kid, ...header })
      .sign(key);
  }

  it('is asked about in the member’s language, ends the session, and leaves the grant', async () => {
    const discovery = await go('/sandbox/.well-known/openid-configuration');
    expect(JSON.parse(discovery.text).end_session_endpoint).toBe('http://localhost:4000/sandbox/end-session');
    const { status, location } = await go(pathOf({ ...asked(), ui_locales: 'es' }));
    expect([status, location]).toEqual([303, '/sandbox/end-session/confirm?ui_locales=es']);
    for (const [path, texts] of [
      [location, languages.es],
      ['/sandbox/end-session/confirm', languages.en],
    ] as const) {
      const { text } = await go(path);
      expect(text).toContain(texts['signOut.stays']);
      expect(text).toContain('Health App');
      expect(text).not.toContain(texts['signOut.other']);
    }
    expect(await isSignedIn()).toBe(true);
    const { text } = await go(location);
    const done = await answer('/sandbox/end-session/confirm', { token: tokenOf(text), decision: 'yes' });
    expect(system.owners.signedOut).toEqual(['sub-1']);
    expect([done.status, done.location]).toEqual([303, `${bye}&state=a%20b%26c`]);
    expect(await isSignedIn()).toBe(false);
    const refreshed = await system.refresh(app, tokens.refresh_token!);
    expect(refreshed.status).toBe(200);
    tokens = { ...tokens, ...refreshed.body };
    expect(
      (await answer('/sandbox/end-session/confirm', { token: tokenOf(text), decision: 'yes' })).status,
    ).toBe(400);
  });

  it('leads back without a change when the member says no', async () => {
    await go(pathOf(asked()));
    const { text } = await go('/sandbox/end-session/confirm');
    const { location } = await answer('/sandbox/end-session/confirm', {
      token: tokenOf(text),
      decision: 'no',
    });
    expect(location).toBe(`${bye}&state=a%20b%26c`);
    expect(await isSignedIn()).toBe(true);
  });

  it('takes a POST, an expired id_token, and no parameter at all', async () => {
    const post = { id_token_hint: await idToken({}), client_id: app.client_id };
    const { status, location } = await answer('/sandbox/end-session', post);
    expect(status).toBe(303);
    expect((await go(location)).location).toBe('/sandbox/end-session/confirm');
    await go('/sandbox/end-session');
    const { text } = await go('/sandbox/end-session/confirm');
    expect(text).not.toContain('Health App');
    const done = await answer('/sandbox/end-session/confirm', { token: tokenOf(text), decision: 'yes' });
    expect((await go(done.location)).text).toContain(languages.en['signedOut.title']);
    expect(await isSignedIn()).toBe(false);
    const { location: back } = await go(pathOf(asked()));
    expect(back).toBe(`${bye}&state=a%20b%26c`);
  });

  it.each<[string, () => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    [
      'an address that is not registered',
      () => ({ ...asked(), post_logout_redirect_uri: `${bye}/` }),
      /regist/,
    ],
    [
      'the address of another app',
      () => ({ ...asked(), post_logout_redirect_uri: 'https://other-app.com/bye' }),
      /regist/,
    ],
    ['a redirect URI', () => ({ ...asked(), post_logout_redirect_uri: app.redirect_uris[0]! }), /regist/],
    ['an address without an app', () => ({ post_logout_redirect_uri: bye }), /needs id_token_hint/],
    ['another app beside the id_token', () => ({ ...asked(), client_id: other.client_id }), /audience/],
    ['an unknown app', () => ({ client_id: 'nobody', post_logout_redirect_uri: bye }), /not known/],
    ['an altered id_token', () => ({ ...asked(), id_token_hint: `${tokens.id_token!}A` }), /id_token_hint/],
    ['an access token', () => ({ ...asked(), id_token_hint: tokens.access_token! }), /id_token_hint/],
    ['an id_token of another issuer', async () => ({ id_token_hint: await idToken({ iss: 'x' }) }), /_hint/],
    [
      'a signed token of another kind',
      async () => ({ id_token_hint: await idToken({}, { typ: 'x+jwt' }) }),
      /_hint/,
    ],
    ['text in place of an id_token', () => ({ ...asked(), id_token_hint: 'text' }), /id_token_hint/],
    ['a state without end', () => ({ ...asked(), state: 'x'.repeat(3000) }), /state/],
  ])('is refused on a page for %s', async (_name, parametersOf, reason) => {
    const parameters: Record<string, string> = await parametersOf();
    const { status, location, text } = await go(pathOf(parameters));
    expect([status, location]).toEqual([400, '']);
    expect(text).toMatch(reason);
    expect(text).toContain('<h1>This app could not sign you out</h1>');
    expect(text.includes('post_logout_redirect_uri sent')).toBe('post_logout_redirect_uri' in parameters);
    expect(text).not.toContain('>redirect_uri sent');
    expect((await go('/sandbox/end-session/confirm')).status).toBe(400);
  });

  it('is refused with a repeated parameter, also at another environment', async () => {
    const twice = `${pathOf(asked())}&state=second`;
    expect((await go(twice)).text).toContain('state is there twice');
    expect((await go(pathOf(asked(), 'production'))).status).toBe(400);
  });

  it('cannot be sent by a foreign page, or answered for another session', async () => {
    await go(pathOf(asked()));
    const { text } = await go('/sandbox/end-session/confirm');
    const partial: Record<string, string>[] = [
      {},
      { decision: 'yes' },
      { decision: 'yes', token: 'x' },
      { token: tokenOf(text) },
    ];
    for (const fields of partial)
      expect((await answer('/sandbox/end-session/confirm', fields)).status).toBe(400);
    expect(await isSignedIn()).toBe(true);
    // The same browser, after another person has signed in.
    await signedIn('second', go);
    expect(
      (await answer('/sandbox/end-session/confirm', { token: tokenOf(text), decision: 'yes' })).status,
    ).toBe(400);
    expect(await isSignedIn()).toBe(true);
  });

  it('says so when the app asks for another member', async () => {
    const browser = await signedIn('second');
    await browser(pathOf(asked()));
    const { text } = await browser('/sandbox/end-session/confirm');
    expect(text).toContain(languages.en['signOut.other']);
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('returns in production to reviewed hosts only', async () => {
    const reviewed = {
      ...{ client_name: 'Health App', organization: 'Apps Inc', policy_uri: null, tos_uri: null },
      redirect_hosts: ['client-app.com'],
    };
    const uris = [bye, 'https://new.example/bye'];
    const state = appOf('patient-access', { environments: ['sandbox', 'production'], reviewed });
    await system.register({ ...state, post_logout_redirect_uris: uris });
    const statusAt = async (environment: string, uri: string) =>
      (await go(pathOf({ client_id: state.client_id, post_logout_redirect_uri: uri }, environment))).status;
    for (const uri of uris) expect(await statusAt('sandbox', uri)).toBe(303);
    expect(await statusAt('production', bye)).toBe(303);
    expect(await statusAt('production', 'https://new.example/bye')).toBe(400);
  });

  it.each([
    ['was never approved, in production', 'production', { reviewed: null }],
    ['is suspended', 'sandbox', { status: 'suspended', environments: [] }],
  ] as const)(
    'leads to no address of an app that %s, and does not name it',
    async (_, environment, changes) => {
      const state = appOf('patient-access', { post_logout_redirect_uris: [bye], ...changes } as never);
      await system.register(state);
      const named = { client_id: state.client_id };
      const visitor = system.browser();
      expect((await visitor(pathOf({ ...named, post_logout_redirect_uri: bye }, environment))).status).toBe(
        400,
      );
      await go(pathOf(named, environment));
      const { text } = await go(`/${environment}/end-session/confirm`);
      expect(text).not.toContain(state.client_name);
    },
  );

  it('knows an address that was added a moment before', async () => {
    const state = await system.register(appOf('patient-access', { post_logout_redirect_uris: [bye] }));
    const visitor = system.browser();
    const at = (uri: string) =>
      visitor(pathOf({ client_id: state.client_id, post_logout_redirect_uri: uri }));
    expect((await at(bye)).status).toBe(303);
    const added = `${bye}/added`;
    await system.register({ ...state, version: state.version + 1, post_logout_redirect_uris: [bye, added] });
    expect((await at(added)).status).toBe(303);
  });

  it('refuses a state that no cookie could keep', async () => {
    const { status } = await go(pathOf({ ...asked(), state: '語'.repeat(400) }));
    expect(status).toBe(400);
  });
});
