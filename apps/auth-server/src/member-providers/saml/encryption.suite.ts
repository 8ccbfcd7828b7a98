import { describe, expect, it } from 'vitest';
import {
  assertionXml,
  encryptedAssertion,
  responseXml,
  signXml,
  type Encryption,
  type ResponseFields,
} from '@payer/testing/saml';
import { MemberProviders } from '../member-providers.js';
import { parseMemberProviders } from '../../member-provider-rules/provider-rules.js';
import { follow } from '../testing/cookie-browser.js';
import { callback, isConsent, stranger, type ProviderSystem } from '../testing/provider-system.js';

/** Encrypted assertions: `sealed` requires them, `sealed-loose` also needs no signature of the response. */
export function encryptionCases(system: ProviderSystem): void {
  describe('by SAML with an encrypted assertion', () => {
    const honest = () => system.identityProvider.key;
    const signedText = (fields: ResponseFields, key = honest()) =>
      signXml(assertionXml(fields), 'Assertion', key);
    const encrypt = (text: string, options: Partial<Encryption> = {}) =>
      encryptedAssertion(text, { certificate: system.ownKey.certificate, ...options });
    const signResponse = (fields: ResponseFields, content: string) =>
      signXml(responseXml(fields, content), 'Response', honest());
    const fieldsFor = (provider: string, more: Partial<ResponseFields> = {}): ResponseFields => ({
      ...system.identityProvider.fieldsFor({
        id: '_request',
        callbackUrl: callback(provider),
        audience: `${callback(provider)}/metadata`,
        xml: '',
        relayState: '',
      }),
      ...more,
    });
    const receive = (provider: string, xml: string) => {
      const providers = system.service.app.get(MemberProviders);
      const rule = providers.findSaml('production', provider)!;
      return providers.saml.receive(rule, Buffer.from(xml).toString('base64'), 'x'.repeat(30));
    };
    it('leads to the consent page', async () => {
      const before = system.identityProvider.respond;
      system.identityProvider.respond = (fields) => signResponse(fields, encrypt(signedText(fields)));
      try {
        const go = system.browser();
        const { location } = await system.leave(go, 'sealed');
        const page = await (await fetch(location)).text();
        const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? '';
        expect(Buffer.from(field('SAMLResponse'), 'base64').toString()).not.toContain('alice');
        const body = new URLSearchParams(
          ['SAMLResponse', 'RelayState'].map((name): [string, string] => [name, field(name)]),
        );
        const step = await system.browser()(callback('sealed'), { method: 'POST', body });
        const end = await follow(go, step.location, isConsent);
        expect(end.location).toContain('/consent/begin?interaction=');
      } finally {
        system.identityProvider.respond = before;
      }
    });

    it.each(['aes128-gcm', 'aes256-gcm', 'aes128-cbc', 'aes256-cbc'] as const)(
      'takes %s below a signature; CBC without one is refused',
      async (content) => {
        const fields = fieldsFor('sealed');
        const signed = signResponse(fields, encrypt(signedText(fields), { content }));
        await expect(receive('sealed', signed)).resolves.toMatch(/^[a-z0-9]+$/);
        const loose = fieldsFor('sealed-loose');
        const answer = receive('sealed-loose', responseXml(loose, encrypt(signedText(loose), { content })));
        if (content.endsWith('gcm')) await expect(answer).resolves.toMatch(/^[a-z0-9]+$/);
        else await expect(answer).rejects.toThrow(/cbc is not allowed/);
      },
    );

    it('is for the key in our metadata, and in clear is accepted where it is not required', async () => {
      const { text } = await system.browser()(`${callback('sealed')}/metadata`);
      expect(text).toContain('<KeyDescriptor use="encryption">');
      const base64 = system.ownKey.certificate.replace(/-----[A-Z ]+-----|\s/g, '');
      expect(text.replace(/\s/g, '')).toContain(base64);
      const clear = fieldsFor('sealed-loose');
      await expect(receive('sealed-loose', responseXml(clear, signedText(clear)))).resolves.toBeTruthy();
    });

    type Forge = (fields: ResponseFields) => string;
    it.each<[string, string, Forge, RegExp]>([
      ['without a key here', 'saml', (f) => signResponse(f, encrypt(signedText(f))), /no key is configured/],
      ['in clear where it is required', 'sealed', (f) => signResponse(f, signedText(f)), /is not encrypted/],
      [
        'not signed by itself',
        'sealed',
        (f) => signResponse(f, encrypt(assertionXml(f))),
        /Invalid signature/,
      ],
      [
        'signed by a stranger',
        'sealed',
        (f) => signResponse(f, encrypt(signedText(f, stranger))),
        /Invalid signature/,
      ],
      [
        'in an unsigned response',
        'sealed',
        (f) => responseXml(f, encrypt(signedText(f))),
        /document signature/,
      ],
      [
        'for the key of another',
        'sealed',
        (f) => signResponse(f, encrypt(signedText(f), { certificate: stranger.certificate })),
        /./,
      ],
      [
        'by RSA with PKCS #1 v1.5',
        'sealed',
        (f) => signResponse(f, encrypt(signedText(f), { transport: 'rsa-1_5' })),
        /rsa-1_5 is not allowed/,
      ],
      [
        'and altered',
        'sealed-loose',
        (f) =>
          responseXml(
            f,
            encrypt(signedText(f)).replace(
              /(.{8})(<\/xenc:CipherValue><\/xenc:CipherData><\/xenc:EncryptedData>)/,
              'AAAAAAA=$2',
            ),
          ),
        /./,
      ],
      [
        'beside one in clear',
        'sealed-loose',
        (f) => responseXml(f, encrypt(signedText(f)) + assertionXml({ ...f, assertionId: '_evil' })),
        /second response or assertion/,
      ],
      [
        'twice',
        'sealed-loose',
        (f) => responseXml(f, encrypt(signedText(f)) + encrypt(signedText(f))),
        /instead of one/,
      ],
      [
        'of another namespace',
        'sealed-loose',
        (f) => responseXml(f, encrypt(signedText(f)).replace('SAML:2.0:assertion', 'evil')),
        /instead of one/,
      ],
      [
        'with an evil assertion around the signed one',
        'sealed-loose',
        (f) => {
          const evil = assertionXml({ ...f, assertionId: '_evil', nameId: 'victim' });
          const wrapped = evil.replace('</saml:Assertion>', `${signedText(f)}</saml:Assertion>`);
          return responseXml(f, encrypt(wrapped));
        },
        /Invalid signature|second response or assertion/,
      ],
      [
        'with an evil assertion in the signed one',
        'sealed',
        (f) => {
          const inner = assertionXml({ ...f, assertionId: '_evil', nameId: 'victim' });
          const outer = assertionXml(f).replace('</saml:Assertion>', `${inner}</saml:Assertion>`);
          return signResponse(f, encrypt(signXml(outer, 'Assertion', honest())));
        },
        /second response or assertion/,
      ],
      [
        'with a whole response in it',
        'sealed',
        (f) => signResponse(f, encrypt(signXml(responseXml(f, signedText(f)), 'Response', honest()))),
        /./,
      ],
      [
        'with a comment in the name',
        'sealed',
        (f) => signResponse(f, encrypt(signedText(f).replace('>alice<', '>al<!-- x -->ice<'))),
        /./,
      ],
      [
        'with a document type',
        'sealed',
        (f) => signResponse(f, encrypt(`<!DOCTYPE r [<!ENTITY x "y">]>${signedText(f)}`)),
        /document type/,
      ],
      [
        'that has expired',
        'sealed',
        (f) => {
          const old = { ...f, notOnOrAfter: new Date(Date.now() - 120_000) };
          return signResponse(f, encrypt(signedText(old)));
        },
        /expired/,
      ],
      [
        'for another audience',
        'sealed',
        (f) => signResponse(f, encrypt(signedText({ ...f, audience: 'https://other.example' }))),
        /audience/i,
      ],
    ])('is refused %s', async (_name, provider, forge, reason) => {
      const fields = fieldsFor(provider);
      await expect(receive(provider, forge(fields))).rejects.toThrow(reason);
    });

    const rule = (decryption: unknown) =>
      JSON.stringify([
        {
          ...{ protocol: 'saml', id: 'plan', environment: 'production', name: 'Plan', entity_id: 'x' },
          ...{ sign_in_url: 'https://id.example/sso', certificates: [stranger.certificate], decryption },
        },
      ]);
    it.each<[string, () => object, RegExp]>([
      [
        'a foreign certificate',
        () => ({ ...pairOf(stranger), key: system.ownKey.privateKey }),
        /certificate of its/,
      ],
      ['no key', () => ({ certificate: stranger.certificate }), /key/],
      ['a text for a key', () => ({ ...pairOf(stranger), key: 'secret text' }), /private RSA key/],
    ])('its key in the configuration with %s stops the start', (_name, decryption, reason) => {
      const read = () => parseMemberProviders(rule(decryption()), true);
      expect(read).toThrow(reason);
      expect(read).not.toThrow(/secret text|BEGIN/);
      expect(parseMemberProviders(rule(pairOf(stranger)), true)).toHaveLength(1);
    });
    const pairOf = ({ privateKey, certificate }: typeof stranger) => ({ key: privateKey, certificate });
  });
}
