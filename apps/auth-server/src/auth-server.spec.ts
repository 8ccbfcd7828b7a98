import { afterAll, beforeAll, expect, it } from 'vitest';
import { addToOutbox } from '@payer/events';
import { ServiceIdentity } from '@payer/service';
import type { AppState, CloudEvent } from '@payer/smart';
import { decodeJwt } from 'jose';
import { eventually } from '@payer/testing';
import { appOf as app, redirectUri } from './testing/apps.js';
import { AuthServerUnderTest } from './testing/auth-server-under-test.js';
import { authorizePath, memberFlows } from './testing/member-flows.js';

const system = new AuthServerUnderTest();
const { authorize, post, published, token } = memberFlows(system);

beforeAll(async () => {
  await system.start();
  await system.addMember('sandbox', 'other', 'sub-2');
});
afterAll(() => system.stop());

/** Redeems one code twice. The second answer is invalid_grant, and auth-server revokes the grant. */
async function revokeByCodeReuse(state: AppState): Promise<void> {
  const { redirect } = await authorize(state);
  const code = redirect?.searchParams.get('code') ?? '';
  const exchange = () => token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  expect((await exchange()).status).toBe(200);
  expect((await exchange()).body.error).toBe('invalid_grant');
}

it('POST to the authorization endpoint is answered with the same GET, what is no form with a page', async () => {
  const state = await system.register(app('patient-access'));
  const [, query = ''] = authorizePath(state, { state: 'a' }).split('?');
  const go = system.browser();
  const send = (body: URLSearchParams | string, type?: string) =>
    go('/sandbox/authorize', {
      method: 'POST',
      body,
      ...(type ? { headers: { 'content-type': type } } : {}),
    });
  const step = await send(new URLSearchParams(query));
  expect(step.status).toBe(303);
  expect(new URL(step.location).searchParams.get('client_id')).toBe(state.client_id);
  const twice = await send(new URLSearchParams(`${query}&state=b`));
  expect(new URL((await go(twice.location)).location).searchParams.get('error')).toBe('invalid_request');
  for (const refused of [
    await send('{}', 'application/json'),
    await send(new URLSearchParams(`${query}&nonce=${'n'.repeat(20_000)}`)),
    await go(`${authorizePath(state)}&nonce=%00`),
  ]) {
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('Nothing was shared');
  }
});

it('endpoints answer 405 with their methods, and malformed bytes in a path get no 5xx', async () => {
  for (const [method, path, allow] of [
    ['GET', 'token', 'POST, OPTIONS'],
    ['GET', 'introspect', 'POST'],
    ['PUT', 'revoke', 'POST'],
    ['PUT', 'authorize', 'GET, HEAD, POST'],
  ] as const) {
    const answer = await fetch(`${system.service.url}/sandbox/${path}`, { method });
    expect([path, answer.status, answer.headers.get('allow')]).toEqual([path, 405, allow]);
  }
  const odd = `Basic ${Buffer.from('a\0b:secret').toString('base64')}`;
  for (const path of ['token', 'introspect', 'revoke'])
    for (const authorization of [odd, 'Basic ?', 'Bearer x']) {
      const { status, headers, body } = await post(`/sandbox/${path}`, authorization, { token: 'x' });
      const [error, scheme] =
        path === 'introspect' && authorization === 'Bearer x'
          ? ['invalid_token', 'Bearer ']
          : ['invalid_client', 'Basic '];
      expect([path, status, body.error]).toEqual([path, 401, error]);
      expect(headers.get('www-authenticate')).toContain(scheme);
      expect(headers.get('cache-control')).toBe('no-store');
    }
});

it('a redirect URI with an extra slash is refused on our page, which names it, and the portal shows the attempt', async () => {
  const state = await system.register(app('patient-access'));
  const step = await system.browser()(authorizePath(state, { redirect_uri: `${redirectUri}/` }));
  expect(step.status).toBe(400);
  expect(step.location).toBe('');
  expect(step.text).toContain(`${redirectUri}/`);
  expect(step.text).toContain('Nothing was shared');
  await eventually(async () =>
    (await published('authorization-failed')).some(
      (data) =>
        'redirect_uri' in data &&
        data.client_id === state.client_id &&
        data.redirect_uri === `${redirectUri}/`,
    ),
  );
});

it('the OpenID configuration lists what the server supports', async () => {
  const documents = await Promise.all(
    [
      '/sandbox/.well-known/openid-configuration',
      '/sandbox/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/sandbox',
    ].map(async (path) => (await (await fetch(system.service.url + path)).json()) as Record<string, unknown>),
  );
  const [document = {}] = documents;
  for (const other of documents) expect(other.issuer).toBe('http://localhost:4000/sandbox');
  expect(document).toMatchObject({
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    response_modes_supported: ['query'],
    issuer: 'http://localhost:4000/sandbox',
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    response_types_supported: ['code'],
  });
  expect([...(document.grant_types_supported as string[])].sort()).toEqual([
    'authorization_code',
    'client_credentials',
    'refresh_token',
  ]);
});

it('the OpenID configuration names every claim of an id_token', async () => {
  const document = await fetch(`${system.service.url}/sandbox/.well-known/openid-configuration`);
  const { claims_supported } = (await document.json()) as { claims_supported: string[] };
  const { id_token = '' } = await system.connect(await system.register(app('patient-access')), {
    nonce: 'n',
  });
  const claims = Object.keys(decodeJwt(id_token));
  expect(claims).toEqual(expect.arrayContaining(['acr', 'amr', 'fhirUser']));
  expect(claims_supported).toEqual(expect.arrayContaining(claims));
});

it('signs its public keys for a service that asks, and shows them to anybody', async () => {
  const url = `${system.service.url}/sandbox/jwks`;
  const signed = await ServiceIdentity.of('fhir-api', system.config).call('auth-server', url);
  const plain = await fetch(url);
  expect(await signed.json()).toEqual(await plain.json());
  expect(plain.headers.has('answer-signature')).toBe(false);
});

it('sign-ins and revocations are written down; a name that is nobody’s and a password are not', async () => {
  const state = await system.register(app('patient-access'));
  const signIn = async (username: string, password: string) => {
    const go = system.browser();
    const { location } = await go(authorizePath(state));
    await go(location, { method: 'POST', body: new URLSearchParams({ username, password }) });
  };
  await signIn('other', 'password');
  await signIn('other', 'hunter2-wrong');
  await signIn('hunter2-typed-into-the-wrong-field', 'x');
  const audited = async () =>
    (await system.log.read(system.log.pool, 0n, ['audit-recorded'], 10_000)).rows
      .map((row) => (row.event as CloudEvent<'audit-recorded'>).data)
      .filter(({ client_id }) => client_id === state.client_id);
  const entries = await eventually(async () => (await audited()).length === 3 && audited());
  expect(entries.map(({ action, actor_role, actor }) => [action, actor_role, actor])).toEqual([
    ['signed-in', 'member', 'sub-2'],
    ['sign-in-refused', 'member', 'sub-2'],
    ['sign-in-refused', 'unknown', null],
  ]);
  await revokeByCodeReuse(state);
  const trail = JSON.stringify(await system.source.query('SELECT * FROM audit_entry'));
  expect(trail).toContain('grant-ended');
  expect(trail).not.toMatch(/hunter2|patient-of/);
});

it('tokens, refusals and sign-ins are counted by plan, error and outcome; engine paths by their template', async () => {
  const state = await system.register(app('patient-access'));
  await revokeByCodeReuse(state);
  await authorize(state, {}, { decision: 'deny' });
  await system.browser()(authorizePath(state, { redirect_uri: `${redirectUri}/` }));
  const { location } = await system.browser()(authorizePath(state));
  const wrong = new URLSearchParams({ username: 'member', password: 'wrong' });
  await system.browser()(location, { method: 'POST', body: wrong });
  const directory = await system.register(app('provider-directory'));
  await token(directory, { grant_type: 'client_credentials', scope: 'system/*.rs' });
  const metrics = await (await fetch(`${system.service.url}/metrics`)).text();
  for (const line of [
    /^oauth_tokens_issued_total\{environment="sandbox",plan="patient-access",grant_type="authorization_code"\} [1-9]/m,
    /^oauth_tokens_issued_total\{environment="sandbox",plan="provider-directory",grant_type="client_credentials"\} [1-9]/m,
    /^oauth_refusals_total\{environment="sandbox",endpoint="token",error="invalid_grant"\} [1-9]/m,
    /^oauth_refusals_total\{environment="sandbox",endpoint="authorize",error="invalid_redirect_uri"\} [1-9]/m,
    /^oauth_refusals_total\{environment="sandbox",endpoint="authorize",error="access_denied"\} [1-9]/m,
    /^sign_ins_total\{role="member",environment="sandbox",outcome="success"\} [1-9]/m,
    /^sign_ins_total\{role="member",environment="sandbox",outcome="failure"\} [1-9]/m,
    /^http_request_duration_seconds_count\{service="auth-server",method="POST",route="\/\{environment\}\/token",status_class="2xx"\} [1-9]/m,
    /^database_pool_connections\{pool="database"\} \d/m,
  ])
    expect(metrics).toMatch(line);
  // Test files of other services share the process, and so its metrics.
  const routes = [...metrics.matchAll(/service="auth-server",.*route="([^"]*)"/g)].map(([, route]) => route);
  expect(routes).not.toEqual([]);
  // Templates only: a label with an id would make a series for each request.
  for (const route of new Set(routes))
    expect(route).toMatch(/^(?:unmatched|(?:\/(?:\*|[a-z.-]*|\{[a-z_]+\}))+)$/);
});

it('an event left in the outbox by a crash is sent at the next start', async () => {
  const event = await addToOutbox(system.source, 'authorization-failed', {
    id: 'left',
    version: 1,
    environment: 'sandbox',
    client_id: 'a',
    at: new Date().toISOString(),
    error: 'x',
    detail: 'y',
  });
  await eventually(async () =>
    (await published('authorization-failed')).some((data) => 'id' in data && data.id === 'left'),
  );
  expect(event.subject).toBe('left');
});
