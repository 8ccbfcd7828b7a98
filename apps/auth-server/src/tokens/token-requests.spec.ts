import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leverErrors, leverHeader, planRules, type AppState } from '@payer/smart';
import { decodeJwt } from 'jose';
import { randomUUID } from 'node:crypto';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';

const pageScope = planRules['patient-access'].scopes.join(' ');

describe('token requests', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start());
  afterAll(() => system.stop());

  const newApp = () => system.register(appOf('patient-access'));
  const base = () => system.config.addresses.sandbox.fhirBaseUrl;
  const unfit = () => ['https://elsewhere.example/fhir', 'no-uri', `${base()}/Patient`, `${base()}//`];

  it('an unfit resource is refused, and costs neither code nor refresh token', async () => {
    const state = await newApp();
    const { redirect } = await system.authorize(state, { scope: pageScope });
    const code = redirect.searchParams.get('code') ?? '';
    const exchange = (more: Record<string, string>) =>
      system.token(state, { grant_type: 'authorization_code', code, redirect_uri: redirectUri, ...more });
    for (const resource of unfit())
      expect(await exchange({ resource })).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    const { refresh_token = '' } = (await exchange({})).body;
    for (const resource of unfit())
      expect((await system.refresh(state, refresh_token, { resource })).body.error).toBe('invalid_target');
    expect((await system.refresh(state, refresh_token)).status).toBe(200);
  });

  it('the FHIR base is the resource with and without a trailing slash, and an empty one is absent', async () => {
    const state = await newApp();
    for (const resource of [base(), `${base()}/`, '']) {
      const first = await system.connect(state, { resource });
      const { status, body } = await system.refresh(state, first.refresh_token ?? '', { resource });
      expect(status).toBe(200);
      for (const { access_token = '' } of [first, body])
        expect(decodeJwt(access_token)).toMatchObject({ aud: base(), scope: pageScope });
    }
  });

  it('client credentials name no foreign resource', async () => {
    const state = await system.register(appOf('provider-directory'));
    const ask = (resource: string) =>
      system.token(state, { grant_type: 'client_credentials', scope: 'system/*.rs', resource });
    for (const resource of unfit()) expect((await ask(resource)).body.error).toBe('invalid_target');
    expect((await ask(`${base()}/`)).status).toBe(200);
  });

  it.each(['offline_access', 'online_access'])(
    '%s is named in the response of an app that asked for it, and in no access token',
    async (extra) => {
      const state = await newApp();
      const first = await system.connect(state, { scope: `${pageScope} ${extra}` });
      const { body } = await system.refresh(state, first.refresh_token ?? '', {
        scope: `${pageScope} ${extra}`,
      });
      for (const { scope, access_token = '' } of [first, body]) {
        expect(scope).toBe(`${pageScope} ${extra}`);
        expect(decodeJwt(access_token).scope).toBe(pageScope);
      }
      const forged = await system.connect(state, { tolerated_scope: extra });
      expect(forged.scope).toBe(pageScope);
    },
  );

  it('credentials are sent once: Basic and a secret in the form are refused together', async () => {
    const state = await newApp();
    const { refresh_token = '', access_token = '' } = await system.connect(state);
    const client_secret = 'secret';
    const refused = { status: 400, body: { error: 'invalid_request' } };
    expect(await system.refresh(state, refresh_token, { client_secret })).toMatchObject(refused);
    for (const path of ['/introspect', '/revoke'])
      expect(await system.post(path, state, { token: access_token, client_secret })).toMatchObject(refused);
    expect((await system.refresh(state, refresh_token)).status).toBe(200);
  });

  it('JSON is refused where a form belongs', async () => {
    const state = await newApp();
    const authorization = `Basic ${Buffer.from(`${state.client_id}:secret`).toString('base64')}`;
    for (const path of ['/token', '/introspect', '/revoke']) {
      const answer = await fetch(`${system.service.url}/sandbox${path}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ token: 'x', grant_type: 'client_credentials' }),
      });
      expect([path, answer.status]).toEqual([path, 400]);
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    }
  });

  it('an empty secret is a failed authentication', async () => {
    const state = await newApp();
    const authorization = `Basic ${Buffer.from(`${state.client_id}:`).toString('base64')}`;
    for (const path of ['/token', '/introspect', '/revoke']) {
      const form = { grant_type: 'refresh_token', refresh_token: 'x', token: 'x' };
      const answer = await system.post(path, state, form, { authorization });
      expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
    }
  });

  it('a page of another origin gets the answer that its preflight announced', async () => {
    const state = await newApp();
    const { refresh_token = '' } = await system.connect(state);
    const headers = { origin: 'https://app.example' };
    const answer = await system.post(
      '/token',
      state,
      { grant_type: 'refresh_token', refresh_token },
      headers,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  describe('an error that the developer has asked for', () => {
    const leverOf = (endpoint: 'authorization' | 'token', error: string) => ({
      id: randomUUID(),
      endpoint,
      error,
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    });
    const set = async (state: AppState, version: number, lever: ReturnType<typeof leverOf>) => {
      await system.publish('app-updated', {
        ...state,
        version,
        levers: { next_errors: [lever], ended_grants: [] },
      });
      await system.applied(state.client_id, version);
    };
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs' };

    it('answers one token request, whichever documented error it is', async () => {
      const state = await system.register(appOf('provider-directory'));
      for (const [index, { code, statuses }] of leverErrors.token.entries()) {
        const lever = leverOf('token', code);
        await set(state, index + 2, lever);
        const answers = await Promise.all([1, 2, 3].map(() => system.token(state, form)));
        const caused = answers.filter(({ headers }) => headers.get(leverHeader) === lever.id);
        expect({ code, caused: caused.map(({ status }) => status) }).toEqual({ code, caused: [statuses[0]] });
        expect([caused[0]?.body.error, caused[0]?.body.error_code]).toContain(code);
        expect(caused[0]?.body.error_description).toContain('asked for this error');
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
      }
    });

    it('waits for its app: a stranger and production do not use it up', async () => {
      const state = await system.register(
        appOf('provider-directory', { environments: ['sandbox', 'production'] }),
      );
      await set(state, 2, leverOf('token', 'server_error'));
      const wrong = { authorization: `Basic ${Buffer.from(`${state.client_id}:wrong`).toString('base64')}` };
      expect((await system.post('/token', state, form, wrong)).status).toBe(401);
      expect((await system.token(state, form, 'production')).status).toBe(200);
      expect((await system.token(state, form)).status).toBe(500);
      expect((await system.token(state, form)).status).toBe(200);
    });

    it('answers one authorization request, in the redirect or on a page', async () => {
      const state = await newApp();
      const go = system.browser();
      const path = system.authorizePath(state, { scope: pageScope });
      for (const [index, { code }] of leverErrors.authorization.entries()) {
        await set(state, index + 2, leverOf('authorization', code));
        const { status, location, text } = await go(path);
        const said = status === 303 ? new URL(location).searchParams.get('error') : text;
        expect(said).toContain(code);
        expect((await go(path)).location).toContain('/interaction/');
      }
    });
  });
});
