import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertionXml, readRequest, responseXml, signXml } from '@payer/testing/saml';
import { MemberProviders } from '../member-providers.js';
import { follow, type Go } from '../testing/cookie-browser.js';
import { callback, isConsent, stranger, type ProviderSystem } from '../testing/provider-system.js';
import { forgeries } from './forgeries.suite.js';
import { SamlProvider } from './saml-provider.js';

/** Sign-in by SAML 2.0, and every way to sign in with an answer that the provider did not give for it. */
export function samlCases(system: ProviderSystem): void {
  describe('by SAML', () => {
    const honest: Pick<ProviderSystem['identityProvider'], 'respond'> = { respond: () => '' };
    beforeEach(() => {
      honest.respond = system.identityProvider.respond;
    });
    afterEach(() => {
      Object.assign(system.identityProvider, { fields: {}, attributes: {}, nameId: 'alice', ...honest });
    });

    /** Leaves for the provider, which answers with a form. @returns the form's address and fields */
    async function answerOf(go: Go, provider = 'saml', more: Record<string, string> = {}) {
      const { location, signIn } = await system.leave(go, provider, more);
      const page = await (await fetch(location)).text();
      const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
      const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
      return {
        signIn,
        action,
        fields: { SAMLResponse: field('SAMLResponse'), RelayState: field('RelayState') },
        request: readRequest(location),
      };
    }
    /** Posts a form of the provider's page, which is another site: the browser sends no cookies. */
    const post = (action: string, fields: Record<string, string>) =>
      system.browser()(action, { method: 'POST', body: new URLSearchParams(fields) });

    it('leads to the provider and back to the consent page, by NameID and by attribute', async () => {
      system.identityProvider.attributes = {
        member_id: ['key-of-alice'],
        mail: ['a@x.example', 'b@x.example'],
      };
      for (const [provider, key] of [
        ['saml', 'alice'],
        ['saml-loose', 'key-of-alice'],
      ] as const) {
        const go = system.browser();
        const { action, fields, request } = await answerOf(go, provider);
        expect(action).toBe(callback(provider));
        expect(request.xml).not.toContain('ForceAuthn');
        const step = await post(action, fields);
        expect(step.status).toBe(303);
        const end = await follow(go, step.location, isConsent);
        expect(end.location).toContain('http://localhost:4002/production/consent/begin?interaction=');
        const [audited] = await system.source.query(
          "SELECT sub, detail FROM audit_entry WHERE action = 'signed-in' ORDER BY at DESC LIMIT 1",
        );
        expect(audited).toEqual({ sub: await system.subOf(provider, key), detail: { provider } });
      }
    });

    it('a person whom the roster does not know gets a kind page, and the app an error', async () => {
      system.identityProvider.nameId = 'mallory';
      const go = system.browser();
      const { action, fields } = await answerOf(go);
      const { location } = await post(action, fields);
      const { status, text, error } = await system.refused(go, location);
      expect([status, error.get('error')]).toEqual([403, 'access_denied']);
      expect(text).toContain('Your plan is not covered here');
    });

    it.each<[string, () => void]>([
      ['with a forged name', () => (system.identityProvider.respond = forgedName)],
      [
        'that says that the member canceled',
        () =>
          Object.assign(system.identityProvider, {
            fields: { status: 'urn:oasis:names:tc:SAML:2.0:status:Responder' },
          }),
      ],
    ])('a response %s leads to a page with a way back, and the app gets an error', async (_what, forge) => {
      forge();
      const go = system.browser();
      const { action, fields } = await answerOf(go);
      const { location } = await post(action, fields);
      const { status, text, error } = await system.refused(go, location);
      expect([status, error.get('error')]).toEqual([400, 'access_denied']);
      expect(text).toContain('Nothing was shared');
      expect(error.get('error_description')).toContain('failed, or its answer was refused');
    });
    const forgedName: typeof honest.respond = (fields) => honest.respond(fields).replace('>alice<', '>bob<');

    it('an answer is good once, on one replica, in the browser that left for it', async () => {
      const go = system.browser();
      const { action, fields } = await answerOf(go);
      const step = await post(action, fields);
      // Another browser with its own sign-in under way cannot take up the answer.
      const thief = system.browser();
      await system.leave(thief, 'saml');
      expect((await follow(thief, step.location, isConsent)).status).toBe(400);
      expect((await post(action, fields)).location).toContain('error=access_denied');
      const end = (await follow(go, step.location, isConsent)).location;
      expect(end).toContain('/consent/begin');
      // The same answer again leads to the same page.
      expect((await follow(go, step.location, isConsent)).location).toBe(end);
      // Two replicas get the same answer at the same time.
      const replicas = [0, 1].map(() => new SamlProvider(({ id }) => callback(id), system.source));
      const rule = system.service.app.get(MemberProviders).findSaml('production', 'saml')!;
      const other = await answerOf(system.browser());
      const taken = await Promise.allSettled(
        replicas.map((replica) => replica.receive(rule, other.fields.SAMLResponse, 'x'.repeat(30))),
      );
      expect(taken.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('a member comes back in two tabs, the last one first, and each tab goes on', async () => {
      const go = system.browser();
      const tabs = [await answerOf(go), await answerOf(go)];
      for (const { action, fields } of tabs.toReversed()) {
        const { location } = await post(action, fields);
        expect((await follow(go, location, isConsent)).location).toContain('/consent/begin');
      }
    });

    it('an answer to another request, or to none, signs nobody in', async () => {
      const go = system.browser();
      const first = await answerOf(go);
      const second = await answerOf(go);
      // The browser waits for the second answer and gets the first one.
      const fields = { ...first.fields, RelayState: second.fields.RelayState };
      const { location } = await post(first.action, fields);
      expect((await system.refused(go, location)).status).toBe(400);
      const strange = await answerOf(system.browser());
      for (const [address, changed] of [
        [strange.action, { SAMLResponse: strange.fields.SAMLResponse }],
        [strange.action, { ...strange.fields, RelayState: 'https://evil.example/' }],
        [strange.action, { RelayState: strange.fields.RelayState }],
        [callback('plan'), strange.fields],
        [callback('unknown'), strange.fields],
      ] as const) {
        const step = await post(address, changed);
        expect([step.status, step.location]).toEqual([400, '']);
        expect(step.text).toContain('Nothing was shared');
      }
      const unknown = await post(strange.action, { ...strange.fields, RelayState: 'x'.repeat(50) });
      expect((await system.browser()(unknown.location)).status).toBe(400);
    });

    it('passes max_age on as ForceAuthn, and refuses an older sign-in', async () => {
      for (const [age, isTaken] of [
        [0, true],
        [600_000, false],
      ] as const) {
        const go = system.browser();
        system.identityProvider.fields = { authenticatedAt: new Date(Date.now() - age) };
        const { action, fields, request } = await answerOf(go, 'saml', { max_age: '60' });
        expect(request.xml).toContain('ForceAuthn="true"');
        const step = await post(action, fields);
        const end = await follow(go, step.location, isConsent);
        expect([age, end.location.includes('/consent/begin')]).toEqual([age, isTaken]);
      }
    });

    it('describes this service to the provider', async () => {
      const { status, type, text } = await system.browser()(`${callback('saml')}/metadata`);
      expect([status, type]).toEqual([200, 'application/samlmetadata+xml']);
      for (const part of [
        `entityID="${callback('saml')}/metadata"`,
        `Location="${callback('saml')}"`,
        'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"',
        'WantAssertionsSigned="true"',
      ])
        expect(text).toContain(part);
      expect((await system.browser()(`${callback('plan')}/metadata`)).status).toBe(404);
    });

    describe('takes no response', () => {
      const receive = (provider: string, xml: string) => {
        const providers = system.service.app.get(MemberProviders);
        const rule = providers.findSaml('production', provider)!;
        return providers.saml.receive(rule, Buffer.from(xml).toString('base64'), 'x'.repeat(30));
      };
      const fieldsFor = (provider: string) =>
        system.identityProvider.fieldsFor({
          id: '_request',
          callbackUrl: callback(provider),
          audience: `${callback(provider)}/metadata`,
          xml: '',
          relayState: '',
        });

      beforeEach(() => {
        system.identityProvider.attributes = { member_id: ['key-of-alice'] };
      });

      it.each(forgeries)('$name', async ({ provider, forge, reason }) => {
        const { key } = system.identityProvider;
        const xml = forge({ fields: fieldsFor(provider), key, stranger, honest: honest.respond });
        await expect(receive(provider, xml)).rejects.toThrow(reason);
      });

      // So each refusal above is due to the change, and changes nothing here.
      it.each(['saml', 'saml-loose'])('but the honest one to %s', async (provider) => {
        const { key } = system.identityProvider;
        const fields = fieldsFor(provider);
        const signed = signXml(responseXml(fields, assertionXml(fields)), 'Assertion', key);
        const answer = provider === 'saml' ? signXml(signed, 'Response', key) : signed;
        await expect(receive(provider, answer)).resolves.toMatch(/^[a-z0-9]+$/);
      });
    });
  });
}
