import { beforeEach, describe, expect, it } from 'vitest';
import { follow, type Go } from '../testing/cookie-browser.js';
import {
  afterSignOut,
  authorizationPath,
  callback,
  isConsent,
  type ProviderSystem,
} from '../testing/provider-system.js';

/** Sign-out of a member: begun here (RP-initiated), and begun at the provider (back-channel). */
export function logoutCases(system: ProviderSystem): void {
  describe('sign-out at an OpenID Connect provider', () => {
    beforeEach(() => {
      system.isConsentAway = false;
      system.consentCalls.length = 0;
    });

    /** Whether the browser has a session, so that an app's request leads to the consent page at once. */
    const isSignedIn = async (go: Go) =>
      (await follow(go, authorizationPath(), isConsent)).location.includes('/consent/begin');

    async function signIn(go: Go, provider: 'plan' | 'forger') {
      const { location } = await system.leave(go, provider);
      system.forger.nonce = location.searchParams.get('nonce') ?? '';
      const state = location.searchParams.get('state') ?? '';
      const start =
        provider === 'plan' ? location.href : `/production/provider-callback/forger?code=x&state=${state}`;
      await follow(go, start, isConsent);
      expect(await isSignedIn(go)).toBe(true);
      const subject = provider === 'plan' ? 'member-of-alice' : 'alice';
      return (await system.subOf(provider, subject)) ?? '';
    }

    it('ends the session at the provider, too, and returns to the connected apps', async () => {
      const go = system.browser();
      const sub = await signIn(go, 'plan');
      const left = await go(await system.signOutPath(sub));
      const url = new URL(left.location);
      expect(url.origin).toBe(system.upstream.issuer);
      expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${callback('plan')}/signed-out`);
      // The real provider accepts the id_token and asks the member.
      const page = await go(left.location);
      expect(page.status).toBe(200);
      expect(page.text).toContain('logout');
      const back = await go(`${callback('plan')}/signed-out`);
      expect(back.location).toBe('http://localhost:4002/production/signed-out');
      expect(await isSignedIn(go)).toBe(false);
      // The id_token is used once: a second sign-out stays here.
      expect((await go(await system.signOutPath(sub))).location).toBe(back.location);
    });

    it.each([
      [afterSignOut, { client_id: 'app1', post_logout_redirect_uri: afterSignOut }],
      ['/production/end-session', {}],
    ])('returns to %s after a sign-out that an app begins, once', async (end, parameters) => {
      const go = system.browser();
      const sub = await signIn(go, 'plan');
      const asked = await go(`/production/end-session?${new URLSearchParams(parameters)}`);
      const token = /name="token" value="([^"]+)"/.exec((await go(asked.location)).text)?.[1] ?? '';
      const body = new URLSearchParams({ token, decision: 'yes' });
      const left = await go('/production/end-session/confirm', { method: 'POST', body });
      expect(new URL(left.location).origin).toBe(system.upstream.issuer);
      expect(system.consentCalls).toContainEqual({
        path: '/production/internal/members/signed-out',
        body: { sub },
      });
      expect(await isSignedIn(go)).toBe(false);
      const back = new URL((await go(`${callback('plan')}/signed-out`)).location);
      expect([back.href, back.pathname]).toContain(end);
      const connectedApps = 'http://localhost:4002/production/signed-out';
      expect((await go(`${callback('plan')}/signed-out`)).location).toBe(connectedApps);
    });

    it('stays here for a provider without such an address, and for another member', async () => {
      const go = system.browser();
      const sub = await signIn(go, 'forger');
      const here = 'http://localhost:4002/production/signed-out';
      expect((await go(await system.signOutPath('another'))).location).toBe(here);
      expect(await isSignedIn(go)).toBe(true);
      expect((await go(await system.signOutPath(sub))).location).toBe(here);
      expect(await isSignedIn(go)).toBe(false);
    });

    const call = (token: string, provider = 'forger') =>
      system.browser()(`${callback(provider)}/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      });

    it('a logout token ends the sessions of its member in every browser, here and at consent', async () => {
      const browsers = [system.browser(), system.browser()];
      let sub = '';
      for (const go of browsers) sub = await signIn(go, 'forger');
      const stranger = system.browser();
      await signIn(stranger, 'plan');
      const token = await system.forger.logoutToken();
      system.isConsentAway = true;
      expect((await call(token)).status).toBe(503);
      expect(await isSignedIn(browsers[0]!)).toBe(false);
      // The provider calls again with the same token, which has not been used up.
      system.isConsentAway = false;
      expect((await call(token)).status).toBe(200);
      for (const go of browsers) expect(await isSignedIn(go)).toBe(false);
      expect(await isSignedIn(stranger)).toBe(true);
      expect(system.consentCalls).toEqual([
        { path: '/production/internal/members/signed-out', body: { sub } },
      ]);
      // A replay ends no later session.
      await signIn(browsers[0]!, 'forger');
      expect((await call(token)).status).toBe(400);
      expect(await isSignedIn(browsers[0]!)).toBe(true);
    });

    const old = Math.floor(Date.now() / 1000) - 3600;
    it.each<[string, () => Promise<string>]>([
      ['for another client', () => system.forger.logoutToken({ aud: 'another' })],
      ['of another issuer', () => system.forger.logoutToken({ iss: 'https://evil.example' })],
      ['that has expired', () => system.forger.logoutToken({ exp: old })],
      ['issued long ago', () => system.forger.logoutToken({ iat: old })],
      ['without jti', () => system.forger.logoutToken({ jti: undefined })],
      ['without the event', () => system.forger.logoutToken({ events: {} })],
      ['with a nonce', () => system.forger.logoutToken({ nonce: 'x' })],
      ['without sub and sid', () => system.forger.logoutToken({ sub: undefined })],
      ['of another type', () => system.forger.logoutToken({}, 'at+jwt')],
      ['signed by a stranger', () => system.forger.logoutToken({}, 'logout+jwt', system.forger.strangersKey)],
      ['that is none', () => Promise.resolve('x.y.z')],
    ])('a logout token %s ends nothing', async (_what, forge) => {
      const go = system.browser();
      await signIn(go, 'forger');
      const { status, text } = await call(await forge());
      expect([status, JSON.parse(text).error]).toEqual([400, 'invalid_request']);
      expect(await isSignedIn(go)).toBe(true);
      expect(system.consentCalls).toEqual([]);
      expect((await call(await system.forger.logoutToken({ sid: 'another' }))).status).toBe(200);
      expect(await isSignedIn(go)).toBe(true);
      expect((await call(await system.forger.logoutToken(), 'saml')).status).toBe(400);
    });
  });
}
