import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { hashPassword, SignInThrottle } from '@payer/service';
import { consentDecisionType, signOutRequestType } from '@payer/smart';
import { Interactions } from '../interactions/interactions.js';
import { Members } from '../members/members.js';
import { appOf as app, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import type { Browser } from '../testing/browser.js';
import { authorizePath, memberFlows } from '../testing/member-flows.js';

const system = new AuthServerUnderTest();
const { authorize, consentAddress } = memberFlows(system);

beforeAll(async () => {
  await system.start();
  await system.addMember('sandbox', 'other', 'sub-2');
});
afterAll(() => system.stop());
afterEach(() => void vi.restoreAllMocks());

it('wrong passwords get a page that does not say which was wrong, and then a pause', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const { location } = await go(authorizePath(state));
  const attempt = (username: string) =>
    go(location, { method: 'POST', body: new URLSearchParams({ username, password: 'wrong' }) });
  const known = await attempt('other');
  const unknown = await attempt('nobody');
  expect(known.status).toBe(401);
  const withoutNames = (text: string) => text.replace(/other|nobody/g, 'X');
  expect(withoutNames(known.text)).toBe(withoutNames(unknown.text));
  const guesses = await Promise.all(Array.from({ length: 119 }, () => attempt('other')));
  // One of the eight attempts was used above.
  expect(guesses.filter(({ status }) => status === 401)).toHaveLength(7);
  const body = new URLSearchParams({ username: 'other', password: 'password' });
  const paused = await go(location, { method: 'POST', body });
  expect(paused.status).toBe(429);
  expect(paused.text).toContain('There were too many tries');
  const entries = (await system.source.query(
    'SELECT action, count(*)::integer AS count FROM audit_entry WHERE client_id = $1 GROUP BY action',
    [state.client_id],
  )) as { action: string; count: number }[];
  expect(entries).toContainEqual({ action: 'sign-in-throttled', count: 113 });
  await system.source.query('DELETE FROM attempt');
});

it('strangers who guess a name do not lock its owner out where the owner has signed in before', async () => {
  const state = await system.register(app('patient-access'));
  const own = (await authorize(state)).go;
  const stranger = (address: string) => ({ realm: 'member sandbox', name: 'Member', address });
  const throttle = new SignInThrottle(system.source);
  const wrong = () => Promise.resolve(undefined);
  for (let n = 0; n < 100; n++) await throttle.judge(stranger(`10.0.0.${n}`), wrong);
  // A stranger behind the owner's address.
  for (const address of ['127.0.0.1', '::1'])
    for (let n = 0; n < 8; n++) await throttle.judge(stranger(address), wrong);
  const signIn = async (go: Browser) => {
    const { location } = await go(authorizePath(state, { prompt: 'login' }));
    const body = new URLSearchParams({ username: 'member', password: 'password' });
    return (await go(location, { method: 'POST', body })).status;
  };
  expect(await signIn(own)).toBe(303);
  expect(await signIn(system.browser())).toBe(429);
  await system.source.query('DELETE FROM attempt');
});

it('somebody else can sign in in the same browser, from the sign-in page and from the consent screen', async () => {
  const state = await system.register(app('patient-access'));
  const { go, request } = await authorize(state);
  expect(request.sub).toBe('sub-1');
  const asked = await go(authorizePath(state));
  const consent = await go(asked.location);
  const again = await system.consent.requestOf(await consentAddress(go, consent.location));
  const url = again.sign_in_url ?? '';
  expect((await go(url)).text).toContain('name="password"');
  let step = await go(url, {
    method: 'POST',
    body: new URLSearchParams({ username: 'other', password: 'password' }),
  });
  for (let n = 0; n < 3 && !step.location.includes('/consent/'); n++) step = await go(step.location);
  const taken = await system.consent.requestOf(await consentAddress(go, step.location));
  expect(taken).toMatchObject({ sub: 'sub-2', patient: 'patient-of-sub-2' });
});

it('signing out at consent ends the session here, and nobody else can end it', async () => {
  const state = await system.register(app('patient-access'));
  const { go } = await authorize(state);
  const needsPassword = async () => (await go(authorizePath(state, { prompt: 'none' }))).location;
  const signOut = async (sub: string, typ = signOutRequestType) =>
    go(`/sandbox/sign-out?request=${await system.consent.sign({ sub }, typ)}`);
  for (const refused of [await signOut('sub-2'), await signOut('sub-1', consentDecisionType)]) {
    expect(refused.location).toBe('http://localhost:4002/sandbox/signed-out');
    expect(await needsPassword()).toContain('error=consent_required');
  }
  await signOut('sub-1');
  expect(await needsPassword()).toContain('error=login_required');
});

it('the sandbox offers its test members to click, and production knows no such way', async () => {
  const state = await system.register(app('patient-access', { environments: ['sandbox', 'production'] }));
  const press = async (environment: string, test_member: string) => {
    const go = system.browser();
    const signIn = (await go(authorizePath(state).replace('sandbox', environment))).location;
    const page = (await go(signIn)).text;
    const body = new URLSearchParams({ test_member });
    return { go, page, step: await go(`${signIn}/test-member`, { method: 'POST', body }) };
  };
  await system.source.query(
    `UPDATE member SET exercises = '{18 claims,a former name}' WHERE environment = 'sandbox'`,
  );
  const { go, page, step } = await press('sandbox', 'member');
  expect(page).toMatch(/name="username".*name="test_member" value="member"/s);
  expect(page).toContain('18 claims · a former name');
  await system.source.query(
    `INSERT INTO member (environment, sub, username, password_hash, patient, name, exercises)
     VALUES ('sandbox', 'plain', 'a', 'x', 'plain', 'Plain Member', '{9 claims}') ON CONFLICT DO NOTHING`,
  );
  // Members with a special case come first.
  expect((await press('sandbox', 'nobody')).page).toMatch(/value="member".*value="a"/s);
  const next = await go(step.location);
  expect((await go(next.location)).location).toContain('/sandbox/consent/begin');
  expect((await press('sandbox', 'nobody')).step.status).toBe(403);
  await system.source.query(
    `INSERT INTO member (environment, sub, username, password_hash, patient, name)
     VALUES ('production', 'real', 'real', 'x', 'real', 'Real Person') ON CONFLICT DO NOTHING`,
  );
  const real = await press('production', 'real');
  expect([real.step.status, real.step.location]).toEqual([403, '']);
  expect(real.page).not.toMatch(/test_member|Real Person/);
});

it('a member can cancel at the sign-in: the app gets access_denied', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const signIn = (await go(authorizePath(state, { state: 'kept' }))).location;
  expect((await go(signIn)).text).toContain(`action="${signIn}/cancel"`);
  const step = await go(`${signIn}/cancel`, { method: 'POST' });
  const { searchParams } = new URL((await go(step.location)).location);
  expect([searchParams.get('error'), searchParams.get('state')]).toEqual(['access_denied', 'kept']);
});

it('the pages speak the language of the switch, else of ui_locales, else of the browser', async () => {
  const state = await system.register(app('patient-access'));
  const titleOf = (text: string) => /<h1>(.*?)<\/h1>/.exec(text)?.[1];
  const go = system.browser();
  const signIn = (await go(authorizePath(state, { ui_locales: 'fr es-MX' }))).location;
  expect(titleOf((await go(signIn)).text)).toBe('Iniciar sesión');
  const switched = await go(`${signIn}?lang=en`);
  expect([switched.status, switched.location]).toEqual([303, signIn]);
  expect(titleOf((await go(signIn)).text)).toBe('Sign in');
  const spanish = { headers: { 'accept-language': 'es-419,es;q=0.9' } };
  const other = system.browser();
  const asked = (await other(authorizePath(state))).location;
  expect(titleOf((await other(asked, spanish)).text)).toBe('Iniciar sesión');
  expect((await other(asked, spanish)).text).toContain('<html lang="es">');
  for (const [path, title] of [
    [authorizePath(state, { redirect_uri: `${redirectUri}/` }), 'No se pudo conectar esta aplicación'],
    ['/sandbox/nowhere', 'Esta página no existe'],
    ['/sandbox/interaction/nowhere', 'Esta página caducó'],
  ] as const)
    expect(titleOf((await system.browser()(path, spanish)).text)).toBe(title);
  // A path that begins with two slashes would lead to another host.
  const open = await fetch(`${system.service.url}//evil.example/sandbox/interaction/x?lang=es`, {
    redirect: 'manual',
  });
  expect(open.headers.get('location') ?? '').not.toContain('//evil.example');
});

it.each([
  [
    'replaced',
    async (hash: string) =>
      system.source.query(`UPDATE member SET password_hash = '${hash}' WHERE username = 'waiting'`),
  ],
  ['removed', async () => system.source.query("DELETE FROM member WHERE username = 'waiting'")],
])(
  'an attempt that waits, for its turn or for its check, is judged by the member of now: %s',
  async (_, change) => {
    await system.source.query("DELETE FROM member WHERE username = 'waiting'");
    await system.addMember('sandbox', 'waiting', 'sub-waiting');
    const state = await system.register(app('patient-access'));
    const members = system.service.app.get(Members);
    const find = vi.spyOn(system.service.app.get(Interactions), 'find');
    const read = vi.spyOn(members, 'passwordOf');
    const judge = members.authenticate.bind(members);
    let end = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const judged = vi.spyOn(members, 'authenticate').mockImplementationOnce(async (...given) => {
      await ended;
      return judge(...given);
    });
    const attempt = async () => {
      const go = system.browser();
      const { location } = await go(authorizePath(state));
      const body = new URLSearchParams({ username: 'waiting', password: 'password' });
      return (await go(location, { method: 'POST', body })).status;
    };
    const first = attempt();
    await vi.waitFor(() => expect(judged).toHaveBeenCalledTimes(1), 60_000);
    const second = attempt();
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2), 60_000);
    await Promise.all([...find.mock.results, ...read.mock.results].map(({ value }) => value as unknown));
    await change(await hashPassword('another'));
    end();
    expect([await first, await second]).toEqual([401, 401]);
    await system.source.query("DELETE FROM attempt; DELETE FROM member WHERE username = 'waiting'");
  },
);

it('a failed read of the password gives no second answer where the interaction is over', async () => {
  const state = await system.register(app('patient-access'));
  const read = vi.spyOn(system.service.app.get(Members), 'passwordOf');
  read.mockImplementation(() => Promise.reject(Object.assign(new Error('away'), { code: '57P01' })));
  const go = system.browser();
  const { location } = await go(authorizePath(state));
  const body = new URLSearchParams({ username: 'member', password: 'password' });
  const over = await go('/sandbox/interaction/nowhere', { method: 'POST', body });
  expect([over.status, over.text]).toEqual([400, expect.stringContaining('This page has expired')]);
  expect((await go(location, { method: 'POST', body })).status).toBe(503);
  read.mockRestore();
  expect((await go(location, { method: 'POST', body })).status).toBe(303);
});
