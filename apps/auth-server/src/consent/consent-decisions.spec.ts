import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { ServiceIdentity, sha256 } from '@payer/service';
import type { ServiceName } from '@payer/smart';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { appOf as app, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { authorizePath, browserHash, fhirBase, memberFlows, pageScope } from '../testing/member-flows.js';

const system = new AuthServerUnderTest();
const { authorize, authorizeByDoubleClicks, consentAddress, token } = memberFlows(system);

beforeAll(async () => {
  await system.start();
});
afterAll(() => system.stop());

it('signs a member in, asks consent by a signed request, and gives the tokens of the page', async () => {
  const state = await system.register(app('patient-access'));
  const { request, redirect, grant_id } = await authorize(state, { state: 'abc', aud: `${fhirBase}/` });
  expect(request).toMatchObject({
    iss: 'http://localhost:4000/sandbox',
    aud: 'http://localhost:4002/sandbox/',
    member_name: 'Maria Lindqvist',
    patient: 'patient-of-sub-1',
    client_name: 'Health App',
    scope: pageScope,
  });
  expect(redirect?.searchParams.get('state')).toBe('abc');
  const { status, headers, body } = await token(state, {
    grant_type: 'authorization_code',
    code: redirect?.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
  });
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('pragma')).toBe('no-cache');
  expect(body).toMatchObject({
    expires_in: 3599,
    patient: 'patient-of-sub-1',
    refresh_token: expect.any(String),
  });
  expect(body.scope?.split(' ').sort()).toEqual(pageScope.split(' ').sort());
  const claims = decodeJwt(body.access_token ?? '');
  expect(claims).toMatchObject({
    aud: fhirBase,
    iss: 'http://localhost:4000/sandbox',
    sub: 'sub-1',
    patient: 'patient-of-sub-1',
    fhirUser: `${fhirBase}/Patient/patient-of-sub-1`,
    grant_id,
    client_id: state.client_id,
  });
  expect(decodeJwt(body.id_token ?? '')).toMatchObject({
    aud: state.client_id,
    fhirUser: `${fhirBase}/Patient/patient-of-sub-1`,
  });
  const raw = JSON.stringify(await system.source.query('SELECT * FROM oidc_artifact'));
  expect(raw).not.toContain(body.refresh_token);
});

it('a decision is good for its own interaction and browser, and only when consent signed it', async () => {
  const state = await system.register(app('patient-access'));
  const foreign = await authorize(state, {}, { interaction: 'another' });
  expect(foreign.refused?.text).toContain('Nothing was shared');
  const other = await authorize(state, {}, { sub: 'sub-2' });
  expect(other.refused?.status).toBe(400);
  const good = await authorize(state);
  expect(good.redirect?.searchParams.get('code')).toBeTruthy();
  // In the same browser this is the second press of the button. In another browser it is invalid.
  expect((await good.go(good.back)).location).toBe(`/sandbox/authorize/${good.request?.interaction}`);
  expect((await system.browser()(good.back)).status).toBe(400);
  const denied = await authorize(state, {}, { decision: 'deny' });
  expect(denied.redirect?.searchParams.get('error')).toBe('access_denied');
  expect(denied.redirect?.searchParams.get('error_uri')).toMatch(/\/docs\/errors\/access_denied$/);
});

it.each(['suspended', 'deleted'] as const)(
  'no member is asked for an app that was %s meanwhile, and no yes gives it a code',
  async (status) => {
    const state = await system.register(app('patient-access'));
    let decide: (() => Promise<{ location: string }>) | undefined;
    const go = system.browser();
    const held: typeof go = async (url, init) => {
      if (!url.includes('/decision?')) return go(url, init);
      decide = () => go(url, init);
      return { status: 0, location: '', text: '' };
    };
    await authorize(state, {}, {}, held);
    const asking = system.browser();
    const signIn = (await asking(authorizePath(state))).location;
    const credentials = new URLSearchParams({ username: 'member', password: 'password' });
    let step = await asking(signIn, { method: 'POST', body: credentials });
    step = await asking(step.location);
    step = await asking(step.location);
    await system.publish('app-suspended', { ...state, version: 2, status, environments: [] });
    await eventually(async () => {
      const { body } = await token(state, { grant_type: 'refresh_token', refresh_token: 'x' });
      return body.error === 'unauthorized_client' || body.error === 'invalid_client';
    });
    const ends = [await consentAddress(asking, step.location), (await decide!()).location];
    for (const [at, location] of ends.entries()) {
      const { status: code, location: to } = await (at === 0 ? asking : go)(location);
      expect(to).not.toContain('code=');
      // The engine does not know a deleted app, and answers with a page.
      if (status === 'deleted') expect(code).toBe(400);
      else expect(new URL(to).searchParams.get('error')).toBe('unauthorized_client');
    }
  },
);

it('request and decision belong to the browser of the interaction, and no address names the member', async () => {
  const state = await system.register(app('patient-access'));
  const { go, back } = await authorize(state);
  const next = await go((await go(authorizePath(state))).location);
  const interaction = new URL(next.location).searchParams.get('interaction');
  const path = `/sandbox/interaction/${interaction}/consent?browser=${browserHash}`;
  for (const [stranger, address] of [
    [system.browser(), path],
    [system.browser(), back],
    [(await authorize(state)).go, path],
    [(await authorize(state)).go, back],
    [go, path.replace(/browser=.*/, 'browser=x')],
    [go, path.replace(/\?.*/, '')],
  ] as const) {
    const refused = await stranger(address);
    expect(refused.status).toBe(400);
    expect(refused.location + refused.text).not.toMatch(/request=|code=|Maria/);
  }
  const address = await consentAddress(go, next.location);
  expect((await system.consent.requestOf(address)).browser).toBe(browserHash);
  const readable = address.split(/[.=&?/]/).map((part) => Buffer.from(part, 'base64url').toString());
  expect([address, ...readable].join(' ')).not.toMatch(/Maria|patient-of|sub-1/);
});

it('answers only consent which of its decisions have arrived', async () => {
  const state = await system.register(app('patient-access'));
  const { grant_id } = await authorize(state);
  const denied = await authorize(state, {}, { decision: 'deny' });
  const ask = async (environment: string, caller: ServiceName = 'consent') => {
    const response = await fetch(`${system.service.url}/${environment}/internal/grants/redeemed`, {
      method: 'POST',
      headers: {
        authorization: await ServiceIdentity.of(caller, system.config).authorizationFor('auth-server'),
        'content-type': 'application/json',
      },
      body: JSON.stringify({ grant_ids: [grant_id, denied.grant_id, randomUUID()] }),
    });
    return { status: response.status, body: await response.json() };
  };
  expect(await ask('sandbox')).toEqual({ status: 200, body: { redeemed: [grant_id] } });
  expect(await ask('production')).toEqual({ status: 200, body: { redeemed: [] } });
  expect((await ask('sandbox', 'fhir-api')).status).toBe(403);
});

it('asks again at every authorization, though the member is still signed in', async () => {
  const state = await system.register(app('patient-access'));
  const { go } = await authorize(state);
  const again = await go(authorizePath(state));
  const next = await go(again.location);
  expect(await consentAddress(go, next.location)).toContain('http://localhost:4002/sandbox/consent?request=');
});

it('a button that is pressed twice leads where one press leads, and the app gets a code that works', async () => {
  const state = await system.register(app('patient-access'));
  const { go, back, follow } = await authorizeByDoubleClicks(state, 'allow');
  const codeOf = (url: URL) => url.searchParams.get('code') ?? '';
  const exchange = (code: string) =>
    token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  const first = await follow(true);
  // The app may have redeemed the first code. The second code must not count as reuse, which revokes the
  // grant.
  const tokens = await exchange(codeOf(first));
  expect(tokens.status).toBe(200);
  const again = await Promise.all([follow(true), follow(true), follow(false), follow(false)]);
  for (const url of again) expect(url.origin + url.pathname).toBe(redirectUri);
  expect(new Set([first, ...again].map(codeOf)).size).toBe(5);
  for (const url of again) expect((await exchange(codeOf(url))).status).toBe(200);
  const refresh_token = tokens.body.refresh_token ?? '';
  expect((await token(state, { grant_type: 'refresh_token', refresh_token })).status).toBe(200);
  // Another browser gets nothing at the same URLs.
  const { interaction } = decodeJwt(new URL(back).searchParams.get('decision') ?? '');
  for (const address of [back, `/sandbox/authorize/${interaction}`]) {
    const elsewhere = await system.browser()(address);
    expect(elsewhere.status).toBe(400);
    expect(elsewhere.location).toBe('');
  }
  // Reuse of a code still counts as reuse.
  expect((await exchange(codeOf(first))).status).toBe(400);
  expect((await follow(false)).pathname).toContain('/interaction/');
  expect((await go(back)).status).toBe(303);
});

it('a button that is pressed again after the lifetime of the code gives no code, used or not', async () => {
  for (const isUsed of [true, false]) {
    const state = await system.register(app('patient-access'));
    const { follow } = await authorizeByDoubleClicks(state, 'allow');
    const code = (await follow(true)).searchParams.get('code') ?? '';
    if (isUsed) await token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
    await system.source.query(
      `UPDATE oidc_artifact SET payload = payload || jsonb_build_object('exp', (payload->>'exp')::int - 61)
       WHERE id_sha256 = $1`,
      [sha256(code)],
    );
    expect((await follow(true)).pathname).toContain('/interaction/');
  }
});

it('a no that is pressed twice is a no', async () => {
  const state = await system.register(app('patient-access'));
  const { follow } = await authorizeByDoubleClicks(state, 'deny');
  for (const isLost of [true, true, false, false])
    expect((await follow(isLost)).searchParams.get('error')).toBe('access_denied');
});

it('the back button says whether the member has answered, and where to go on', async () => {
  const state = await system.register(app('patient-access'));
  const { go, signIn, back, follow } = await authorizeByDoubleClicks(state, 'allow');
  // The engine's cookie belongs to the path of its interaction, but this browser ignores paths.
  const uidOf = (address: string) => /interaction\/([\w-]+)/.exec(address)?.[1] ?? '';
  const before = await go(`/sandbox/interaction/${uidOf(back)}/sign-in`);
  expect(before.text).toContain('Sign in');
  await follow(false);
  const after = await go(`/sandbox/interaction/${uidOf(back)}`);
  expect([after.status, after.text]).toEqual([200, expect.stringContaining('You have finished this step')]);
  const elsewhere = await system.browser()(signIn);
  expect([elsewhere.status, elsewhere.text]).toEqual([400, expect.stringContaining('This page has expired')]);
  expect(elsewhere.text).not.toContain('answered');
});

it('a member who goes back to the sign-in page before answering can go on', async () => {
  const state = await system.register(app('patient-access'));
  const go = system.browser();
  const signIn = (await go(authorizePath(state))).location;
  const step = await go(signIn, {
    method: 'POST',
    body: new URLSearchParams({ username: 'member', password: 'password' }),
  });
  const next = await go(step.location, { isLost: true });
  const page = await go(signIn);
  expect([page.status, page.text]).toEqual([200, expect.stringContaining('You have not answered yet')]);
  expect(page.text).toContain(`href="${next.location}"`);
  expect((await go(next.location)).status).not.toBe(500);
});
