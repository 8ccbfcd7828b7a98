import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

describe('the session at the connected apps', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('a sign-out ends the session at auth-server, too, by a signed message', async () => {
    const { go } = await test.allow({ sub: 'sub-leaving' });
    const { location } = await go('/sandbox/sign-out', { method: 'POST' });
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe('http://localhost:4000/sandbox/sign-out');
    const token = url.searchParams.get('request') ?? '';
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${test.running.url}/jwks`)), {
      issuer: 'http://localhost:4002/sandbox/',
      audience: 'http://localhost:4000/sandbox',
      typ: 'sign-out-request+jwt',
    });
    expect(payload.sub).toBe('sub-leaving');
    expect((await go('/sandbox/api/grants')).status).toBe(401);
    expect((await go('/sandbox/signed-out')).text).toContain('You are signed out');
  });

  it('a browser without a session is sent to auth-server with PKCE, state and nonce', async () => {
    const step = await test.browser()('/sandbox/');
    const url = new URL(step.location);
    expect(url.origin + url.pathname).toBe('http://localhost:4000/sandbox/authorize');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'connected-apps',
      redirect_uri: 'http://localhost:4002/sandbox/callback',
      scope: 'openid',
      code_challenge_method: 'S256',
      state: expect.any(String),
      nonce: expect.any(String),
    });
    expect((await test.browser()('/sandbox/callback?code=x&state=y')).status).toBe(400);
  });
});
