import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash, randomUUID } from 'node:crypto';
import { planRules, type AppState } from '@payer/smart';
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from 'jose';
import * as client from 'openid-client';
import { appOf, redirectUri } from '../testing/apps.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { openidLibrary } from '../testing/openid-library.js';

const scope = planRules['patient-access'].scopes.join(' ');
const request = { response_type: 'code', redirect_uri: redirectUri, scope, state: 'pushed' };
const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url');

describe('the switches of an app', () => {
  const system = new AuthServerUnderTest();
  beforeAll(() => system.start({ ACCESS_TOKEN_ALGORITHM: 'ES256' }), 60_000);
  afterAll(() => system.stop());

  const register = (
    more: Partial<AppState> = {},
    plan: 'patient-access' | 'provider-directory' = 'patient-access',
  ) => system.register(appOf(plan, more));
  const library = ({ client_id }: AppState) =>
    openidLibrary(system.service.url, client_id, client.ClientSecretBasic('secret'));
  const push = (
    app: AppState,
    parameters: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) => system.post('/par', app, { ...request, ...parameters }, headers);
  const authorizePath = (app: AppState, parameters: Record<string, string>) =>
    `/sandbox/authorize?${new URLSearchParams({ client_id: app.client_id, ...parameters })}`;

  it('with ACCESS_TOKEN_ALGORITHM=ES256, access tokens are ES256 and id_tokens RS256, by published keys', async () => {
    const app = await register();
    const first = await system.connect(app);
    const { body: tokens } = await system.refresh(app, first.refresh_token ?? '');
    const { keys } = (await (await fetch(`${system.service.url}/sandbox/jwks`)).json()) as {
      keys: { kid: string; kty: string; alg: string; d?: string }[];
    };
    const signedWith = (token = '') => {
      const { alg, kid } = decodeProtectedHeader(token);
      return { alg, key: keys.find((key) => key.kid === kid)?.kty };
    };
    for (const { access_token, id_token } of [first, tokens]) {
      expect(signedWith(access_token)).toEqual({ alg: 'ES256', key: 'EC' });
      expect(signedWith(id_token)).toEqual({ alg: 'RS256', key: 'RSA' });
    }
    expect(keys.map(({ alg, d }) => [alg, d])).toEqual([
      ['RS256', undefined],
      ['ES256', undefined],
    ]);
    const directory = await register({}, 'provider-directory');
    const { body } = await system.token(directory, {
      grant_type: 'client_credentials',
      scope: 'system/*.rs',
    });
    expect(signedWith(body.access_token).alg).toBe('ES256');
    const active = async (token = '') => (await system.post('/introspect', app, { token })).body.active;
    expect([await active(tokens.access_token), await active(first.access_token)]).toEqual([true, true]);
    expect((await system.post('/revoke', app, { token: tokens.access_token ?? '' })).status).toBe(200);
    expect(await active(tokens.access_token)).toBe(false);
  });

  describe('pushed authorization requests (RFC 9126)', () => {
    it('carry the whole flow of an unmodified library', async () => {
      const app = await register({ require_pushed_authorization_requests: true, require_pkce: true });
      const configuration = await library(app);
      const verifier = client.randomPKCECodeVerifier();
      const url = await client.buildAuthorizationUrlWithPAR(configuration, {
        ...request,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
      const { redirect } = await system.authorizeAt(url.pathname + url.search);
      const tokens = await client.authorizationCodeGrant(configuration, redirect, {
        pkceCodeVerifier: verifier,
        expectedState: 'pushed',
      });
      expect(tokens.scope).toBe(scope);
    });

    it('are good once, for their own app, with their own parameters', async () => {
      const app = await register();
      const { status, headers, body } = await push(app);
      expect({ status, body }).toEqual({
        status: 201,
        body: {
          request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:.{40}/),
          expires_in: 60,
        },
      });
      expect(headers.get('cache-control')).toBe('no-store');
      const { request_uri = '' } = body;
      const go = system.browser();
      const other = await register();
      const stolen = await go(authorizePath(other, { request_uri }));
      expect([stolen.status, stolen.location]).toEqual([400, '']);
      expect(stolen.text).toContain('invalid_request_uri');
      const first = await go(authorizePath(app, { request_uri, scope: 'openid', state: 'mine' }));
      expect(first.location).toContain('/interaction/');
      const again = await go(authorizePath(app, { request_uri }));
      expect([again.status, again.location]).toEqual([400, '']);
    });

    it('are refused at once for what the authorization endpoint refuses', async () => {
      const app = await register({ require_pkce: true });
      const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
      for (const [parameters, error, reason] of [
        [{}, 'invalid_request', 'code_challenge is missing'],
        [{ ...pkce, scope: 'openid' }, 'invalid_scope', 'exactly the scopes'],
        [{ ...pkce, redirect_uri: `${redirectUri}/` }, 'invalid_request', 'redirect_uri'],
        [{ ...pkce, response_type: 'token' }, 'unsupported_response_type', 'must be code'],
        [{ ...pkce, aud: 'https://elsewhere.example' }, 'invalid_request', 'aud must be'],
        [{ ...pkce, resource: 'https://elsewhere.example' }, 'invalid_target', 'resource must be'],
        [{ ...pkce, prompt: 'foo' }, 'invalid_request', 'prompt must be'],
        [{ ...pkce, prompt: 'none login' }, 'invalid_request', 'must stand alone'],
        [{ ...pkce, max_age: 'abc' }, 'invalid_request', 'max_age must be'],
        [{ ...pkce, max_age: '-1' }, 'invalid_request', 'max_age must be'],
        [{ ...pkce, id_token_hint: 'abc' }, 'invalid_request', 'id_token_hint must be'],
        [{ ...pkce, registration: '{}' }, 'registration_not_supported', 'registration'],
        [{ ...pkce, dpop_jkt: 'x' }, 'invalid_request', 'dpop_jkt must be'],
        [{ ...pkce, request_uri: 'urn:x' }, 'invalid_request', 'request_uri must not'],
        [{ ...pkce, request: 'jwt' }, 'invalid_request', 'request must not'],
        [{ ...pkce, client_id: 'other' }, 'invalid_request', 'client_id is not'],
      ] as const) {
        expect(await push(app, parameters)).toMatchObject({
          status: 400,
          body: { error, error_description: expect.stringContaining(reason) },
        });
        if (['redirect_uri', 'request_uri', 'request', 'client_id'].some((name) => name in parameters))
          continue;
        const sent = authorizePath(app, { ...request, ...parameters });
        const { searchParams } = new URL((await system.browser()(sent)).location);
        expect(searchParams.get('error'), reason).toBe(error);
      }
      expect((await push(app, pkce)).status).toBe(201);
      const unknown = { ...app, client_id: 'unknown' };
      expect(await push(unknown, pkce)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
      const directory = await register({}, 'provider-directory');
      expect((await push(directory)).body.error).toBe('unauthorized_client');
      expect((await fetch(`${system.service.url}/sandbox/par`)).status).toBe(405);
    });

    it('may name the resource twice, and a member by an id_token of the app', async () => {
      const app = await register();
      const { id_token = '' } = await system.connect(app);
      const send = async (more: [string, string][]) => {
        const authorization = `Basic ${Buffer.from(`${app.client_id}:secret`).toString('base64')}`;
        const body = new URLSearchParams([...Object.entries(request), ...more]);
        const answer = await fetch(`${system.service.url}/sandbox/par`, {
          method: 'POST',
          headers: { authorization },
          body,
        });
        return { status: answer.status, body: (await answer.json()) as Record<string, string> };
      };
      const { fhirBaseUrl } = system.config.addresses.sandbox;
      const both: [string, string][] = [
        ['resource', fhirBaseUrl],
        ['resource', `${fhirBaseUrl}/`],
      ];
      const pushed = await send([
        ...both,
        ['id_token_hint', id_token],
        ['max_age', '600'],
        ['prompt', 'login'],
      ]);
      expect(pushed.status).toBe(201);
      const { request_uri = '' } = pushed.body;
      const begun = await system.browser()(authorizePath(app, { request_uri }));
      expect(begun.location).toContain('/interaction/');
      for (const more of [
        [...both, ['resource', 'https://elsewhere.example']],
        [both[0]!, ['state', 'two']],
      ])
        expect((await send(more as [string, string][])).status).toBe(400);
      const other = await register();
      expect((await push(other, { id_token_hint: id_token })).body.error).toBe('invalid_request');
    });

    it('that are too long are refused in the form of the other endpoints', async () => {
      const { status, body } = await push(await register(), { state: 'x'.repeat(70_000) });
      expect([status, typeof body.error]).toEqual([413, 'string']);
    });

    it('are required of an app that is set to them, and of no other', async () => {
      const app = await register({ require_pushed_authorization_requests: true });
      const go = system.browser();
      const plain = new URL((await go(system.authorizePath(app, { scope }))).location);
      expect(plain.searchParams.get('error')).toBe('invalid_request');
      expect(plain.searchParams.get('error_description')).toContain('/sandbox/par');
      expect((await go(system.authorizePath(await register(), { scope }))).location).toContain(
        '/interaction/',
      );
    });
  });

  describe('tokens that are bound to a key (RFC 9449)', () => {
    let key: CryptoKey;
    let jwk: JWK;
    beforeAll(async () => {
      const pair = await generateKeyPair('ES256', { extractable: true });
      key = pair.privateKey;
      jwk = await exportJWK(pair.publicKey);
    });
    const proofFor = (path: string, claims: Record<string, unknown> = {}) =>
      new SignJWT({
        htm: 'POST',
        htu: `http://localhost:4000/sandbox${path}`,
        iat: Math.floor(Date.now() / 1000),
        jti: randomUUID(),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .sign(key);
    const ask = (app: AppState, dpop?: string) =>
      system.post(
        '/token',
        app,
        { grant_type: 'client_credentials', scope: 'system/*.rs' },
        dpop === undefined ? {} : { dpop },
      );

    it('are given to an unmodified library in the whole patient flow', async () => {
      const app = await register({ dpop_bound_access_tokens: true });
      const configuration = await library(app);
      const DPoP = client.getDPoPHandle(configuration, await client.randomDPoPKeyPair('ES256'));
      const url = client.buildAuthorizationUrl(configuration, {
        ...request,
        dpop_jkt: await DPoP.calculateThumbprint(),
      });
      const { redirect } = await system.authorizeAt(url.pathname + url.search);
      const tokens = await client.authorizationCodeGrant(
        configuration,
        redirect,
        { expectedState: 'pushed' },
        undefined,
        { DPoP },
      );
      const next = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', undefined, {
        DPoP,
      });
      for (const { token_type, access_token } of [tokens, next]) {
        expect(token_type).toBe('dpop');
        expect(decodeJwt(access_token).cnf).toEqual({ jkt: await DPoP.calculateThumbprint() });
      }
      expect(await client.tokenIntrospection(configuration, next.access_token)).toMatchObject({
        active: true,
        token_type: 'DPoP',
        cnf: { jkt: await DPoP.calculateThumbprint() },
      });
    });

    it('need a proof that fits, and that is new', async () => {
      const app = await register({ dpop_bound_access_tokens: true }, 'provider-directory');
      expect(await ask(app)).toMatchObject({
        status: 400,
        body: { error: 'invalid_dpop_proof', error_description: expect.stringContaining('set to DPoP') },
      });
      for (const claims of [
        { htm: 'GET' },
        { htu: 'http://localhost:4000/production/token' },
        { iat: 1 },
        { jti: undefined },
      ])
        expect((await ask(app, await proofFor('/token', claims))).body.error).toBe('invalid_dpop_proof');
      const proof = await proofFor('/token');
      const answers = await Promise.all(Array.from({ length: 5 }, () => ask(app, proof)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
      expect(answers.find(({ status }) => status === 200)?.body.token_type).toBe('DPoP');
      const replayed = answers.find(({ status }) => status === 400);
      expect(replayed?.body).toMatchObject({
        error: 'invalid_dpop_proof',
        error_description: expect.stringContaining('used before'),
      });
    });

    it('need a new proof as long as the old one is good, when the clock of the app is ahead', async () => {
      const app = await register({}, 'provider-directory');
      const proof = await proofFor('/token', { iat: Math.floor(Date.now() / 1000) + 290 });
      expect((await ask(app, proof)).status).toBe(200);
      // As if 580 seconds had passed. The proof is good for 590.
      await system.source.query(
        "UPDATE oidc_artifact SET expires_at = expires_at - interval '580 s' WHERE model = 'ReplayDetection'",
      );
      expect((await ask(app, proof)).body.error).toBe('invalid_dpop_proof');
    });

    it('are given to any app that sends a proof, and bearer tokens to one that sends none', async () => {
      const app = await register({}, 'provider-directory');
      const bound = await ask(app, await proofFor('/token'));
      expect(decodeJwt(bound.body.access_token ?? '').cnf).toEqual({
        jkt: await calculateJwkThumbprint(jwk),
      });
      const plain = await ask(app);
      expect(plain.body.token_type).toBe('Bearer');
      expect(decodeJwt(plain.body.access_token ?? '')).not.toHaveProperty('cnf');
    });

    it('are not replaced by bearer tokens when the proof is an empty header', async () => {
      for (const bound of [true, false]) {
        const app = await register({ dpop_bound_access_tokens: bound }, 'provider-directory');
        expect(await ask(app, '')).toMatchObject({ status: 400, body: { error: 'invalid_dpop_proof' } });
      }
      const app = await register();
      const { refresh_token = '' } = await system.connect(app);
      const form = { grant_type: 'refresh_token', refresh_token };
      expect((await system.post('/token', app, form, { dpop: '' })).body.error).toBe('invalid_dpop_proof');
      expect((await system.post('/par', app, request, { dpop: '' })).body.error).toBe('invalid_dpop_proof');
      // The refused request has used nothing up.
      expect((await system.refresh(app, refresh_token)).status).toBe(200);
    });

    it('are the only active ones of an app that was set to them, as at the FHIR API', async () => {
      const app = await register();
      const { access_token = '', refresh_token = '' } = await system.connect(app);
      const active = async (token: string) => (await system.post('/introspect', app, { token })).body.active;
      expect([await active(access_token), await active(refresh_token)]).toEqual([true, true]);
      await system.publish('app-updated', { ...app, version: 2, dpop_bound_access_tokens: true });
      await system.applied(app.client_id, 2);
      expect([await active(access_token), await active(refresh_token)]).toEqual([false, true]);
      const { body } = await system.post(
        '/token',
        app,
        { grant_type: 'refresh_token', refresh_token },
        { dpop: await proofFor('/token') },
      );
      expect(await active(body.access_token ?? '')).toBe(true);
      await system.publish('app-updated', { ...app, version: 3, plan: 'provider-directory' });
      await system.applied(app.client_id, 3);
      expect([await active(access_token), await active(body.refresh_token ?? '')]).toEqual([false, false]);
    });

    it('begin with a pushed request: its proof binds the code', async () => {
      const app = await register({ dpop_bound_access_tokens: true });
      const jkt = await calculateJwkThumbprint(jwk);
      expect(await push(app, { dpop_jkt: 'o'.repeat(43) }, { dpop: await proofFor('/par') })).toMatchObject({
        status: 400,
        body: { error: 'invalid_dpop_proof' },
      });
      expect((await push(app, {}, { dpop: await proofFor('/token') })).body.error).toBe('invalid_dpop_proof');
      const { body } = await push(app, { dpop_jkt: jkt }, { dpop: await proofFor('/par') });
      const { redirect } = await system.authorizeAt(
        authorizePath(app, { request_uri: body.request_uri ?? '' }),
      );
      const code = redirect.searchParams.get('code') ?? '';
      const exchange = (dpop: string) =>
        system.post(
          '/token',
          app,
          { grant_type: 'authorization_code', code, redirect_uri: redirectUri },
          { dpop },
        );
      const other = await generateKeyPair('ES256', { extractable: true });
      const foreign = await new SignJWT({
        htm: 'POST',
        htu: 'http://localhost:4000/sandbox/token',
        iat: Math.floor(Date.now() / 1000),
        jti: randomUUID(),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(other.publicKey) })
        .sign(other.privateKey);
      expect((await exchange(foreign)).body.error).toBe('invalid_dpop_proof');
      expect((await exchange(await proofFor('/token'))).body.token_type).toBe('DPoP');
    });
  });

  it('are offered in the discovery documents', async () => {
    const answer = await fetch(`${system.service.url}/sandbox/.well-known/openid-configuration`);
    expect(await answer.json()).toMatchObject({
      pushed_authorization_request_endpoint: 'http://localhost:4000/sandbox/par',
      require_pushed_authorization_requests: false,
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'RS256', 'RS384'],
    });
  });
});
