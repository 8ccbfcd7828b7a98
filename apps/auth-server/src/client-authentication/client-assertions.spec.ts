import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { randomUUID } from 'node:crypto';
import { planRules, type AppState } from '@payer/smart';
import { UnsecuredJWT, SignJWT, type JWK } from 'jose';
import * as client from 'openid-client';
import { AppRequests } from '../app-requests/app-requests.js';
import { appOf, redirectUri } from '../testing/apps.js';
import {
  assertionForm,
  KeySetServer,
  newAppKey,
  signAssertion,
  type AppKey,
  type AssertionWish,
} from '../testing/app-keys.js';
import { AuthServerUnderTest } from '../testing/auth-server-under-test.js';
import { openidLibrary } from '../testing/openid-library.js';

const scope = planRules['patient-access'].scopes.join(' ');
const directoryScope = { grant_type: 'client_credentials', scope: 'system/*.rs' };

describe('an app with private_key_jwt', () => {
  const system = new AuthServerUnderTest();
  const published = new KeySetServer();
  let rsa: AppKey;
  let ec: AppKey;
  beforeAll(async () => {
    await Promise.all([system.start(), published.start()]);
    [rsa, ec] = await Promise.all([newAppKey('RS384'), newAppKey('ES384')]);
  });
  afterAll(async () => {
    published.stop();
    await system.stop();
  });
  beforeEach(() => void Object.assign(published, { keys: [], status: 200, cacheControl: undefined }));

  const signing = (plan: 'patient-access' | 'provider-directory', more: Partial<AppState> = {}) =>
    system.register(
      appOf(plan, {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [rsa.publicJwk, ec.publicJwk] as Record<string, unknown>[] },
        ...more,
      }),
    );
  /** A request without an Authorization header. */
  const post = async (path: string, form: Record<string, string>, environment = 'sandbox') => {
    const response = await fetch(`${system.service.url}/${environment}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  const ask = async (app: AppState, key: AppKey, wish?: AssertionWish) =>
    post('/token', {
      ...directoryScope,
      ...assertionForm(await signAssertion(key, app.client_id, wish)),
    });

  const library = (app: AppState, { kid, privateKey }: AppKey) =>
    openidLibrary(system.service.url, app.client_id, client.PrivateKeyJwt({ key: privateKey, kid }));

  it.each(['RS384', 'ES384'])('runs the directory flow with %s by an unmodified library', async (alg) => {
    const app = await signing('provider-directory');
    const configuration = await library(app, alg === 'RS384' ? rsa : ec);
    for (let time = 0; time < 2; time++) {
      const tokens = await client.clientCredentialsGrant(configuration, { scope: 'system/*.rs' });
      expect(tokens).toMatchObject({ scope: 'system/*.rs', expires_in: 3599 });
    }
  });

  it('runs the patient flow with refresh, introspection and revocation by an unmodified library', async () => {
    const app = await signing('patient-access');
    const configuration = await library(app, ec);
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope,
      state: 'state',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const { redirect } = await system.authorize(app, Object.fromEntries(url.searchParams));
    const tokens = await client.authorizationCodeGrant(configuration, redirect, {
      pkceCodeVerifier: verifier,
      expectedState: 'state',
    });
    const next = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
    expect(await client.tokenIntrospection(configuration, next.access_token)).toMatchObject({ active: true });
    await client.tokenRevocation(configuration, next.refresh_token ?? '');
    expect(await client.tokenIntrospection(configuration, next.access_token)).toEqual({ active: false });
  });

  const refusals: [string, AssertionWish, string][] = [
    ['a foreign aud', { claims: { aud: 'https://elsewhere.example/token' } }, 'aud must be'],
    ['the aud of production', { claims: { aud: 'http://localhost:4000/production/token' } }, 'aud must be'],
    ['no aud', { claims: { aud: undefined } }, 'aud must be'],
    ['an exp in the past', { lifetime: -60 }, 'it has expired'],
    ['no exp', { claims: { exp: undefined } }, 'exp is missing'],
    ['an exp far away', { lifetime: 3600 }, 'exp must be at most 300 seconds'],
    ['a beginning in the future', { claims: { nbf: Math.floor(Date.now() / 1000) + 3600 } }, 'in the future'],
    ['no jti', { claims: { jti: undefined } }, 'jti is missing'],
    ['a jti that is no text', { claims: { jti: 7 as never } }, 'jti is missing'],
    ['another iss', { claims: { iss: 'other' } }, 'iss and sub'],
    ['an unknown kid', { header: { kid: 'unknown' } }, 'no key with this kid'],
    ['no kid beside two keys', { header: { kid: undefined } }, 'needs the kid'],
    ['the kid of another key', { header: { kid: 'other' } }, 'signature was not made'],
    ['a foreign jku', { header: { jku: 'https://elsewhere.example/jwks' } }, 'jku must be'],
  ];
  it.each(refusals)('is refused with %s, and its developer reads why', async (_case, wish, reason) => {
    const others = [rsa.publicJwk, { ...(await newAppKey('ES384', 'other')).publicJwk }];
    const app = await signing('provider-directory', { jwks: { keys: others as Record<string, unknown>[] } });
    const noted = vi.spyOn(system.service.app.get(AppRequests), 'add');
    const { status, body } = await ask(app, wish.header?.kid === 'other' ? ec : rsa, wish);
    expect({ status, error: body.error }).toEqual({ status: 401, error: 'invalid_client' });
    expect(body.error_description).toContain(reason);
    const [, clientId, record] = noted.mock.calls.at(-1) ?? [];
    expect(clientId).toBe(app.client_id);
    expect(record?.()).toMatchObject({ error: 'invalid_client', detail: body.error_description });
    noted.mockRestore();
  });

  it('is refused with alg none, HS256 and the algorithms that SMART does not name', async () => {
    const app = await signing('provider-directory', {
      jwks: { keys: [rsa.publicJwk] as Record<string, unknown>[] },
    });
    const claims = {
      iss: app.client_id,
      sub: app.client_id,
      aud: 'http://localhost:4000/sandbox/token',
      jti: randomUUID(),
    };
    const unsigned = new UnsecuredJWT(claims).setExpirationTime('1m').encode();
    const byPublicKey = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: rsa.kid })
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode(JSON.stringify(rsa.publicJwk)));
    const other = await signAssertion(await newAppKey('RS256', rsa.kid), app.client_id);
    for (const assertion of [unsigned, byPublicKey, other]) {
      const { status, body } = await post('/token', { ...directoryScope, ...assertionForm(assertion) });
      expect({ status, error: body.error }).toEqual({ status: 401, error: 'invalid_client' });
      expect(body.error_description).toContain('alg must be RS384 or ES384');
    }
  });

  it('an assertion is good once, of several requests at once as well, at whichever endpoint', async () => {
    const app = await signing('provider-directory');
    const first = assertionForm(await signAssertion(rsa, app.client_id));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('/token', { ...directoryScope, ...first })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
    expect(answers.find(({ status }) => status === 401)?.body.error_description).toContain('was used before');
    for (const path of ['/introspect', '/revoke'])
      expect(await post(path, { ...first, token: 'x' })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client', error_description: expect.stringContaining('was used before') },
      });
    const second = assertionForm(await signAssertion(rsa, app.client_id));
    expect((await post('/introspect', { ...second, token: 'x' })).body).toEqual({ active: false });
    expect((await post('/token', { ...directoryScope, ...second })).status).toBe(401);
  });

  it('names the other method when an app signs or sends a secret against its registration', async () => {
    const app = await signing('provider-directory');
    for (const path of ['/token', '/introspect', '/revoke']) {
      const { status, body } = await system.post(path, app, { ...directoryScope, token: 'x' });
      expect({ path, status, error: body.error }).toEqual({ path, status: 401, error: 'invalid_client' });
      expect(body.error_description).toContain('registered for private_key_jwt');
    }
    const withSecret = await system.register(appOf('provider-directory'));
    const { body } = await ask(withSecret, rsa);
    expect(body).toMatchObject({ error: 'invalid_client' });
    expect(body.error_description).toContain('registered for client_secret_basic');
    const both = assertionForm(await signAssertion(rsa, app.client_id));
    for (const path of ['/token', '/introspect', '/revoke'])
      expect(await system.post(path, app, { ...directoryScope, ...both, token: 'x' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request' },
      });
  });

  it("leaves the portal's own secret to the sandbox", async () => {
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update('portal').digest('base64url');
    const app = await signing('provider-directory', {
      portal_access: { redirect_uri: 'http://localhost:4001/try-it/callback', secret_sha256: hash },
    });
    const authorization = `Basic ${Buffer.from(`${app.client_id}:portal`).toString('base64')}`;
    expect((await system.post('/token', app, directoryScope, { authorization })).status).toBe(200);
  });

  it('works in production with its own aud, once production is open to it', async () => {
    const app = await signing('provider-directory', { environments: ['sandbox', 'production'] });
    const aud = 'http://localhost:4000/production/token';
    const form = assertionForm(await signAssertion(rsa, app.client_id, { claims: { aud } }));
    expect((await post('/token', { ...directoryScope, ...form }, 'production')).status).toBe(200);
  });

  it('new keys by value work at once, and the removed ones no more', async () => {
    const app = await signing('provider-directory', {
      jwks: { keys: [rsa.publicJwk] as Record<string, unknown>[] },
    });
    expect((await ask(app, rsa)).status).toBe(200);
    await system.publish('app-updated', {
      ...app,
      version: 2,
      jwks: { keys: [ec.publicJwk] as Record<string, unknown>[] },
    });
    expect((await ask(app, ec)).status).toBe(200);
    expect((await ask(app, rsa)).status).toBe(401);
  });

  describe('with the address of its keys', () => {
    const byAddress = (jwks_uri = published.url) =>
      signing('provider-directory', { jwks: null, jwks_uri: `${jwks_uri}?${randomUUID()}` });

    it('has its keys fetched once for many requests, and again for a key that is new', async () => {
      published.keys = [rsa.publicJwk];
      const app = await byAddress();
      const before = published.fetches;
      const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await ask(app, rsa)).status));
      expect(statuses).toEqual([200, 200, 200, 200, 200]);
      expect(published.fetches).toBe(before + 1);
      published.keys = [ec.publicJwk];
      expect((await ask(app, ec)).status).toBe(200);
      expect((await ask(app, rsa)).status).toBe(401);
    });

    it('takes the key whose type fits alg, of keys that share a kid, beside keys for other purposes', async () => {
      const [one, two, foreign] = await Promise.all([
        newAppKey('RS384', 'shared'),
        newAppKey('ES384', 'shared'),
        newAppKey('ES256', 'shared'),
      ]);
      const keys = [foreign.publicJwk, { ...one.publicJwk, use: 'enc' }, one.publicJwk, two.publicJwk];
      published.keys = keys;
      const byValue = await signing('provider-directory', {
        jwks: { keys: keys as Record<string, unknown>[] },
      });
      for (const app of [await byAddress(), byValue])
        for (const key of [one, two]) expect((await ask(app, key)).status).toBe(200);
      const alone = await signing('provider-directory', {
        jwks: { keys: [foreign.publicJwk, one.publicJwk] as Record<string, unknown>[] },
      });
      expect(await ask(alone, two)).toMatchObject({
        status: 401,
        body: { error_description: expect.stringContaining('no key with this kid that is fit for ES384') },
      });
    });

    it('an unknown kid causes few fetches, however often it is sent', async () => {
      published.keys = [rsa.publicJwk];
      const app = await byAddress();
      await ask(app, rsa);
      const [before, startedAt] = [published.fetches, performance.now()];
      const strange = { header: { kid: 'unknown' } };
      const statuses = await Promise.all(
        Array.from({ length: 20 }, async () => (await ask(app, rsa, strange)).status),
      );
      expect(new Set(statuses)).toEqual(new Set([401]));
      const seconds = Math.ceil((performance.now() - startedAt) / 1000);
      expect(published.fetches - before).toBeLessThanOrEqual(seconds + 1);
    });

    it('goes on with the last keys while its address does not answer', async () => {
      Object.assign(published, { keys: [rsa.publicJwk], cacheControl: 'no-store' });
      const app = await byAddress();
      expect((await ask(app, rsa)).status).toBe(200);
      published.status = 503;
      expect((await ask(app, rsa)).status).toBe(200);
      Object.assign(published, { status: 200, keys: [ec.publicJwk] });
      expect((await ask(app, ec)).status).toBe(200);
      expect((await ask(app, rsa)).status).toBe(401);
    });

    it.each([
      ['has no keys', { keys: [] as JWK[] }, 'no key with this kid'],
      ['answers 404', { status: 404 }, 'the answer was 404'],
    ])('is refused when the address %s', async (_case, answer, reason) => {
      Object.assign(published, answer);
      const { status, body } = await ask(await byAddress(), rsa);
      expect(status).toBe(401);
      expect(body.error_description).toContain(reason);
    });

    it('never reaches the ports of the platform or an inner address', async () => {
      const { port } = new URL(system.config.DATABASE_URL);
      for (const address of [`http://127.0.0.1:${port}/`, 'https://169.254.169.254/', 'https://10.0.0.1/']) {
        const { status, body } = await ask(await byAddress(address), rsa);
        expect({ address, status }).toEqual({ address, status: 401 });
        expect(body.error_description).toMatch(/port of the platform|inner address/);
      }
    });
  });

  it('finds the methods and algorithms in the discovery documents', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const document = await fetch(`${system.service.url}/sandbox/.well-known/${path}`);
      const methods = ['client_secret_basic', 'private_key_jwt'];
      const algorithms = ['RS384', 'ES384'];
      expect(await document.json()).toMatchObject({
        token_endpoint_auth_methods_supported: methods,
        token_endpoint_auth_signing_alg_values_supported: algorithms,
        introspection_endpoint_auth_methods_supported: methods,
        introspection_endpoint_auth_signing_alg_values_supported: algorithms,
        revocation_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_signing_alg_values_supported: algorithms,
      });
    }
  });
});
