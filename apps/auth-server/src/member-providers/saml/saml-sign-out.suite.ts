import { beforeEach, describe, expect, it } from 'vitest';
import {
  honestLogout,
  logoutRequestXml,
  logoutResponseXml,
  readSignedRedirect,
  redirectQuery,
  type LogoutFields,
} from '@payer/testing/saml';
import { follow, type Go } from '../testing/cookie-browser.js';
import {
  authorizationPath,
  callback,
  isConsent,
  stranger,
  type ProviderSystem,
} from '../testing/provider-system.js';
import { parseMemberProviders } from '../../member-provider-rules/provider-rules.js';

/** Single logout by SAML 2.0, begun here and begun at the provider. */
export function samlSignOutCases(system: ProviderSystem): void {
  describe('sign-out at a SAML provider', () => {
    const service = `${callback('saml')}/single-logout`;
    const connectedApps = 'http://localhost:4002/production/signed-out';
    const honest = () => system.identityProvider.key;
    const attribute = (xml: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(xml)?.[1] ?? '';

    beforeEach(() => {
      system.isConsentAway = false;
      system.consentCalls.length = 0;
    });

    /** Whether the browser has a session, so that an app's request leads to the consent page at once. */
    const isSignedIn = async (go: Go) =>
      (await follow(go, authorizationPath(), isConsent)).location.includes('/consent/begin');

    /** Signs a member in. @returns the member, and the session's index at the provider */
    async function signIn(go: Go, provider = 'saml', subject = 'alice') {
      const { location } = await system.leave(go, provider);
      const page = await (await fetch(location)).text();
      const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
      const body = new URLSearchParams(
        ['SAMLResponse', 'RelayState'].map((name): [string, string] => [name, field(name)]),
      );
      const step = await system.browser()(callback(provider), { method: 'POST', body });
      await follow(go, step.location, isConsent);
      expect(await isSignedIn(go)).toBe(true);
      const xml = Buffer.from(field('SAMLResponse'), 'base64').toString();
      return {
        sub: (await system.subOf(provider, subject)) ?? '',
        sessionIndex: attribute(xml, 'SessionIndex'),
      };
    }

    const fields = (more: Partial<LogoutFields> = {}): LogoutFields => ({
      ...honestLogout(system.identityProvider.entityId, service, 'alice'),
      ...more,
    });
    const requestOf = (more: Partial<LogoutFields> = {}, relayState?: string) =>
      redirectQuery(
        'SAMLRequest',
        logoutRequestXml(fields(more)),
        honest(),
        relayState === undefined ? {} : { relayState },
      );
    /** The provider sends a browser, which has a session here or none. */
    const send = (query: string, go: Go = system.browser()) => go(`${service}?${query}`);

    it('names the session in a signed request, and returns to the connected apps', async () => {
      const go = system.browser();
      const { sub, sessionIndex } = await signIn(go);
      const left = await go(await system.signOutPath(sub));
      expect(left.location.startsWith(`${system.identityProvider.signOutUrl}?SAMLRequest=`)).toBe(true);
      const { xml } = readSignedRedirect(left.location, system.ownKey.certificate);
      expect(attribute(xml, 'Destination')).toBe(system.identityProvider.signOutUrl);
      expect(xml).toMatch(/<saml:NameID Format="[^"]*:persistent">alice<\/saml:NameID>/);
      expect(xml).toContain(`>${sessionIndex}</`);
      expect(await isSignedIn(go)).toBe(false);
      const answer = { issuer: system.identityProvider.entityId, inResponseTo: attribute(xml, 'ID') };
      for (const response of [
        redirectQuery('SAMLResponse', logoutResponseXml(answer), honest()),
        // The session here has ended, whatever the provider says.
        redirectQuery('SAMLResponse', logoutResponseXml({ ...answer, status: 'Responder' }), honest()),
        redirectQuery('SAMLResponse', logoutResponseXml(answer), stranger),
      ]) {
        const back = await send(response, go);
        expect(back.status).toBe(303);
        expect((await go(back.location)).location).toBe(connectedApps);
      }
      // The session is ended once: a second sign-out stays here.
      expect((await go(await system.signOutPath(sub))).location).toBe(connectedApps);
    });

    it('stays here for a provider without such an address', async () => {
      system.identityProvider.attributes = { member_id: ['key-of-alice'] };
      try {
        const go = system.browser();
        const { sub } = await signIn(go, 'saml-loose', 'key-of-alice');
        expect((await go(await system.signOutPath(sub))).location).toBe(connectedApps);
        expect((await go(`${callback('saml-loose')}/single-logout?SAMLRequest=x`)).status).toBe(404);
      } finally {
        system.identityProvider.attributes = {};
      }
    });

    it('begun at the provider ends the member in every browser, here and at consent, once', async () => {
      const browsers = [system.browser(), system.browser()];
      let signedIn = { sub: '', sessionIndex: '' };
      for (const go of browsers) signedIn = await signIn(go);
      const id = '_request-of-the-provider';
      const query = requestOf(
        { id, sessionIndexes: [signedIn.sessionIndex] },
        "state !'()*~ of the provider",
      );
      system.isConsentAway = true;
      const failed = readSignedRedirect((await send(query)).location, system.ownKey.certificate);
      expect(failed.xml).toContain('status:Requester');
      expect(await isSignedIn(browsers[0]!)).toBe(false);
      system.isConsentAway = false;
      const done = await send(query);
      expect(done.location.startsWith(`${system.identityProvider.signOutUrl}?SAMLResponse=`)).toBe(true);
      const { xml, relayState } = readSignedRedirect(done.location, system.ownKey.certificate);
      expect(attribute(xml, 'InResponseTo')).toBe(id);
      expect(xml).toContain('status:Success');
      expect(relayState).toBe("state !'()*~ of the provider");
      for (const go of browsers) expect(await isSignedIn(go)).toBe(false);
      expect(system.consentCalls).toEqual([
        { path: '/production/internal/members/signed-out', body: { sub: signedIn.sub } },
      ]);
      // A replay ends no later session.
      await signIn(browsers[0]!);
      expect((await send(query)).status).toBe(400);
      expect(await isSignedIn(browsers[0]!)).toBe(true);
      // Without an index all sessions are meant; of another person or session none is here.
      for (const other of [{ nameId: 'bob' }, { sessionIndexes: ['another'] }]) {
        const { location } = await send(requestOf(other));
        expect(readSignedRedirect(location, system.ownKey.certificate).xml).toContain('status:Success');
        expect(await isSignedIn(browsers[0]!)).toBe(true);
      }
      await send(requestOf());
      expect(await isSignedIn(browsers[0]!)).toBe(false);
    });

    const minutes = (count: number) => new Date(Date.now() + count * 60_000);
    const signed = (xml: string, key = honest()) => redirectQuery('SAMLRequest', xml, key);
    const honestXml = (more: Partial<LogoutFields> = {}) => logoutRequestXml(fields(more));
    it.each<[string, () => string]>([
      ['without a signature', () => requestOf().replace(/&SigAlg=.*$/, '')],
      ['with an algorithm and without a signature', () => requestOf().replace(/&Signature=.*$/, '')],
      ['signed by a stranger', () => signed(honestXml(), stranger)],
      [
        'signed with SHA-1',
        () =>
          redirectQuery('SAMLRequest', honestXml(), honest(), {
            algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
          }),
      ],
      [
        'beside a signed one',
        () =>
          `${requestOf({ nameId: 'bob' })}&SAMLRequest=${signed(honestXml(), stranger).slice(12).split('&')[0]}`,
      ],
      ['with an altered state', () => requestOf({}, 'one').replace('RelayState=one', 'RelayState=two')],
      ['with a foreign parameter', () => `${requestOf()}&x=y`],
      ['of another issuer', () => requestOf({ issuer: 'https://evil.example' })],
      ['without an issuer', () => requestOf({ issuer: undefined })],
      ['for another address', () => requestOf({ destination: callback('saml') })],
      ['without an address', () => requestOf({ destination: undefined })],
      ['of an hour ago', () => requestOf({ issuedAt: minutes(-60) })],
      ['of the future', () => requestOf({ issuedAt: minutes(60) })],
      ['that has expired', () => requestOf({ notOnOrAfter: minutes(-10) })],
      ['that names nobody', () => requestOf({ nameId: undefined })],
      ['with a comment in the name', () => signed(honestXml().replace('>alice<', '>al<!-- x -->ice<'))],
      [
        'with an external entity (XXE)',
        () => signed(`<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${honestXml()}`),
      ],
      ['of another kind', () => signed(honestXml().replaceAll('LogoutRequest', 'AuthnRequest'))],
      ['that is very large', () => signed(honestXml({ nameId: 'a'.repeat(100_000) }))],
      ['that is none', () => 'SAMLRequest=x'],
      ['with a broken encoding', () => 'SAMLRequest=%'],
    ])('a request %s ends nothing', async (_what, forge) => {
      const go = system.browser();
      await signIn(go);
      expect((await send(forge(), go)).status).toBe(400);
      expect(await isSignedIn(go)).toBe(true);
      expect(system.consentCalls).toEqual([]);
    });

    it('is in the metadata with the key that signs, and requests are signed then', async () => {
      const { text } = await system.browser()(`${callback('saml')}/metadata`);
      expect(text).toContain(
        `<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${service}"`,
      );
      expect(text).toContain('<KeyDescriptor use="signing">');
      const { location } = await system.leave(system.browser(), 'saml');
      expect(readSignedRedirect(location.href, system.ownKey.certificate).xml).toContain('AuthnRequest');
      const other = await system.browser()(`${callback('saml-loose')}/metadata`);
      expect(other.text).not.toMatch(/SingleLogoutService|use="signing"/);
    });

    it('in the configuration needs a key of ours', () => {
      const rule = {
        ...{ protocol: 'saml', id: 'plan', environment: 'production', name: 'Plan', entity_id: 'x' },
        ...{ sign_in_url: 'https://id.example/sso', certificates: [stranger.certificate] },
        sign_out_url: 'https://id.example/slo',
      };
      const signing = { key: stranger.privateKey, certificate: stranger.certificate };
      const read = (more: object) => parseMemberProviders(JSON.stringify([{ ...rule, ...more }]), true);
      expect(read({ signing })).toHaveLength(1);
      expect(() => read({})).toThrow(/sign_out_url of plan needs a key/);
      expect(() => read({ signing, sign_out_url: 'http://id.example/slo' })).toThrow(/must be an https/);
      const foreign = { key: system.ownKey.privateKey, certificate: stranger.certificate };
      expect(() => read({ signing: foreign })).toThrow(/certificate of its key/);
    });
  });
}
