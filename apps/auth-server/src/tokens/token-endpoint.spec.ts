import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256 } from '@payer/service';
import type { EventData } from '@payer/smart';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import { appOf as app, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { authorizePath, basic, fhirBase, memberFlows, pageScope } from '../testing/member-flows.js';

const system = new AuthServerUnderTest();
const { authorize, connect, post, published, token } = memberFlows(system);

beforeAll(async () => {
  await system.start();
});
afterAll(() => system.stop());

it('a refused code or refresh token says why, and a wrong scope does not cost the app its refresh token', async () => {
  const state = await system.register(app('patient-access'));
  const { redirect } = await authorize(state);
  const code = redirect?.searchParams.get('code') ?? '';
  const exchange = (more: Record<string, string>) =>
    token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...more });
  for (const [more, why] of [
    [{ redirect_uri: `${redirectUri}/` }, /character for character/],
    [{ code_verifier: 'v'.repeat(43) }, /no code_challenge/],
    [{ code: 'unknown' }, /unknown/],
  ] as const)
    expect((await exchange(more)).body).toMatchObject({
      error: 'invalid_grant',
      error_description: expect.stringMatching(why),
    });
  const { refresh_token = '' } = (await exchange({})).body;
  // A used code that somebody injects at the app, without the first request's values, does not end the grant.
  for (const [name, value] of [
    ['code_verifier', 'v'.repeat(43)],
    ['redirect_uri', `${redirectUri}/`],
  ] as const)
    expect((await exchange({ [name]: value })).body.error).toBe('invalid_grant');
  const refresh = (scope: string) => token(state, { grant_type: 'refresh_token', refresh_token, scope });
  for (const scope of ['openid', `${pageScope} system/*.rs`])
    expect((await refresh(scope)).body).toMatchObject({
      error: 'invalid_scope',
      error_description: expect.stringContaining(pageScope),
    });
  expect((await refresh(pageScope)).status).toBe(200);
});

it('client credentials give exactly system/*.rs, in plain and percent-encoded Basic authentication', async () => {
  const state = await system.register(app('provider-directory'));
  for (const authorization of [
    basic(state),
    `Basic ${Buffer.from(`${[...state.client_id].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}:secret`).toString('base64')}`,
  ]) {
    const { status, body } = await post('/sandbox/token', authorization, {
      grant_type: 'client_credentials',
      scope: 'openid fhirUser system/*.rs',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ scope: 'system/*.rs', expires_in: 3599 });
    expect(body).not.toHaveProperty('patient');
    expect(body).not.toHaveProperty('id_token');
    const claims = decodeJwt(body.access_token ?? '');
    expect(claims).toMatchObject({ aud: fhirBase, client_id: state.client_id, scope: 'system/*.rs' });
    expect(claims).not.toHaveProperty('patient');
    expect(claims).not.toHaveProperty('grant_id');
  }
  const post_ = await post('/sandbox/token', undefined, {
    grant_type: 'client_credentials',
    scope: 'system/*.rs',
    client_id: state.client_id,
    client_secret: 'secret',
  });
  expect(post_.status).toBe(401);
});

it.each([
  ['no plan', app(null), 'client_credentials', 'subscribe'],
  ['the other plan', app('patient-access'), 'client_credentials', 'Provider Directory API'],
  [
    'a suspended app',
    app('provider-directory', { status: 'suspended', environments: [] }),
    'client_credentials',
    'suspended',
  ],
  ['an unapproved app', app('provider-directory', { environments: [] }), 'client_credentials', 'portal'],
  ['the other plan', app('provider-directory'), 'refresh_token', 'Patient Access API'],
])('%s is unauthorized_client, and the text says what to do', async (_case, state, grant_type, named) => {
  await system.register(state);
  const answer = await token(state, { grant_type, scope: 'system/*.rs', refresh_token: 'x' });
  expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  expect(answer.body.error_description).toContain(named);
});

it('an app that is registered while a request for it is on its way is known', async () => {
  const state = app('provider-directory');
  const [answer] = await Promise.all([
    system
      .register(state)
      .then(() => token(state, { grant_type: 'client_credentials', scope: 'system/*.rs' })),
  ]);
  expect(answer.status).toBe(200);
});

it('a rotated secret works until its grace ends, and no other', async () => {
  const secrets = [
    { sha256: sha256('new'), expires_at: null },
    { sha256: sha256('old'), expires_at: new Date(Date.now() + 60_000).toISOString() },
    { sha256: sha256('gone'), expires_at: new Date(Date.now() - 1000).toISOString() },
  ];
  const state = await system.register(app('provider-directory', { secrets }));
  const ask = async (secret: string) =>
    (await token(state, { grant_type: 'client_credentials', scope: 'system/*.rs' }, secret)).status;
  expect([await ask('new'), await ask('old'), await ask('gone'), await ask('secret')]).toEqual([
    200, 200, 401, 401,
  ]);
});

it("the portal's redirect URI and secret of an app hold in the sandbox, and never in production", async () => {
  const portal_access = {
    redirect_uri: 'https://portal.example/try-it/callback',
    secret_sha256: sha256('portal'),
  };
  const environments = ['sandbox' as const, 'production' as const];
  const directory = await system.register(app('provider-directory', { portal_access, environments }));
  const parameters = { grant_type: 'client_credentials', scope: 'system/*.rs' };
  const ask = async (environment: string, secret: string) =>
    (await post(`/${environment}/token`, basic(directory, secret), parameters)).status;
  expect([await ask('sandbox', 'portal'), await ask('production', 'portal')]).toEqual([200, 401]);
  expect([await ask('sandbox', 'secret'), await ask('production', 'secret')]).toEqual([200, 200]);
  for (const endpoint of ['introspect', 'revoke']) {
    const answer = await post(`/production/${endpoint}`, basic(directory, 'portal'), { token: 'x' });
    expect([endpoint, answer.status]).toEqual([endpoint, 401]);
  }

  const state = await system.register(app('patient-access', { portal_access, environments }));
  const path = authorizePath(state, { redirect_uri: portal_access.redirect_uri });
  const inSandbox = await system.browser()(path);
  expect([inSandbox.status, inSandbox.location]).toEqual([303, expect.stringContaining('/interaction/')]);
  const inProduction = await system.browser()(path.replace('/sandbox/', '/production/'));
  expect([inProduction.status, inProduction.location]).toEqual([400, '']);
  expect(inProduction.text).toContain('Nothing was shared');
  // An app without a redirect URI has no flow with a redirect.
  const without = await system.register(app('provider-directory', { portal_access, redirect_uris: [] }));
  const refused = await system.browser()(
    authorizePath(without, { redirect_uri: portal_access.redirect_uri }),
  );
  expect([refused.status, refused.location]).toEqual([400, '']);
});

it("an app's token requests and the member's answers reach its developer, wrong secrets included", async () => {
  const state = await system.register(app('patient-access'));
  await authorize(state, {}, { decision: 'deny' });
  await connect(state);
  await token(state, { grant_type: 'authorization_code', code: 'x', redirect_uri: redirectUri });
  await token(state, { grant_type: 'refresh_token', refresh_token: 'x' }, 'wrong');
  await token({ ...state, client_id: 'nobody' }, { grant_type: 'refresh_token', refresh_token: 'x' });
  const batches = await eventually(async () => {
    const all = (await published('requests-recorded')) as EventData<'requests-recorded'>[];
    const mine = all.filter(({ client_id }) => client_id === state.client_id);
    return mine.flatMap(({ requests }) => requests).length === 5 && all;
  });
  const requests = batches
    .filter(({ client_id }) => client_id === state.client_id)
    .flatMap(({ requests }) => requests);
  expect(requests.map(({ kind, error, status }) => `${kind} ${status} ${error}`).sort()).toEqual([
    'authorization 303 access_denied',
    'authorization 303 null',
    'token 200 null',
    'token 400 invalid_grant',
    'token 401 invalid_client',
  ]);
  expect(requests.find(({ error }) => error === 'invalid_grant')?.detail).toContain('start again');
  expect(batches.some(({ client_id }) => client_id === 'nobody')).toBe(false);
  expect(JSON.stringify(batches)).not.toMatch(/Lindqvist|patient-of|Bearer/);
});

it('no token outlives its grant', async () => {
  const state = await system.register(app('patient-access'));
  const { redirect } = await authorize(state, {}, { grant_expires_at: Math.floor(Date.now() / 1000) + 90 });
  const code = redirect?.searchParams.get('code') ?? '';
  const first = await token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  const { refresh_token = '' } = first.body;
  const second = await token(state, { grant_type: 'refresh_token', refresh_token });
  for (const { body } of [first, second]) {
    expect(body.expires_in).toBeLessThanOrEqual(90);
    expect(body.expires_in).toBeGreaterThan(60);
  }
});
