import type { SAML, SamlConfig } from '@node-saml/node-saml';
import type { SamlProviderRule } from '../../member-provider-rules/provider-rules.js';
import { clockSkew, type ServiceProvider } from './read-assertion.js';

/** An assertion older than this is refused, although the provider allows more. Milliseconds. */
const maxAssertionAge = 5 * 60_000;

const bindings = 'urn:oasis:names:tc:SAML:2.0:bindings';

/** Makes the engine of a provider from its rule. The library is loaded when a SAML provider is used. */
export class SamlEngines {
  constructor(private readonly callbackUrl: (rule: SamlProviderRule) => string) {}

  /** Our addresses at the provider. The entity id is the address of the metadata (SAML Metadata §4.1). */
  own(rule: SamlProviderRule): ServiceProvider {
    const callbackUrl = this.callbackUrl(rule);
    return { callbackUrl, entityId: `${callbackUrl}/metadata`, signOutUrl: `${callbackUrl}/single-logout` };
  }

  async of(rule: SamlProviderRule, more: Partial<SamlConfig> = {}): Promise<SAML> {
    const { SAML, ValidateInResponseTo } = await import('@node-saml/node-saml');
    const { callbackUrl, entityId } = this.own(rule);
    const { signing, sign_out_url: logoutUrl } = rule;
    return new SAML({
      callbackUrl,
      issuer: entityId,
      audience: entityId,
      idpIssuer: rule.entity_id,
      idpCert: rule.certificates,
      entryPoint: rule.sign_in_url,
      identifierFormat: rule.name_id_format ?? null,
      disableRequestedAuthnContext: !rule.authn_contexts,
      authnContext: rule.authn_contexts ?? [],
      ...(logoutUrl ? { logoutUrl } : {}),
      ...(signing ? { privateKey: signing.key, signatureAlgorithm: 'sha256' } : {}),
      ...(rule.decryption ? { decryptionPvk: rule.decryption.key } : {}),
      wantAssertionsSigned: true,
      wantAuthnResponseSigned: rule.require_signed_response,
      acceptedClockSkewMs: clockSkew,
      maxAssertionAgeMs: maxAssertionAge,
      // The request's id derives from the state of the sign-in, see SamlProvider.comeBack().
      validateInResponseTo: ValidateInResponseTo.never,
      ...more,
    });
  }

  async metadata(rule: SamlProviderRule): Promise<string> {
    const { signOutUrl: logoutCallbackUrl } = this.own(rule);
    const engine = await this.of(rule, rule.sign_out_url ? { logoutCallbackUrl } : {});
    const { decryption, signing } = rule;
    const xml = engine.generateServiceProviderMetadata(
      decryption?.certificate ?? null,
      signing?.certificate ?? null,
    );
    // The library names HTTP-POST for the sign-out, and this service takes HTTP-Redirect.
    return xml.replace(
      `<SingleLogoutService Binding="${bindings}:HTTP-POST"`,
      `<SingleLogoutService Binding="${bindings}:HTTP-Redirect"`,
    );
  }
}
