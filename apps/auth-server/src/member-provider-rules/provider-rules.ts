import { environments } from '@payer/smart';
import { z } from 'zod';
import { certificateShape } from './certificate.js';
import { decryptionShape, signingShape } from './own-key.js';

const common = {
  /** Part of the redirect URI and of the roster: lower-case letters, digits and hyphens. */
  id: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be lower-case letters, digits and hyphens'),
  environment: z.enum(environments),
  /** The text of the button. */
  name: z.string().min(1),
};

const webAddress = z.url({ protocol: /^https?$/ });

/** An OpenID Connect provider at which the members of one environment sign in. */
const openIdRule = z.strictObject({
  ...common,
  protocol: z.literal('openid'),
  /** The issuer, exactly as in its id_tokens (OpenID Connect Discovery §4.3). */
  issuer: webAddress,
  client_id: z.string().min(1),
  /** Absent for a public client, which only PKCE protects. */
  client_secret: z.string().optional(),
  scope: z.string().default('openid'),
  /** The id_token claim with the member's key in the roster. */
  subject_claim: z.string().default('sub'),
  /** Sent as `acr_values`, and then required in the `acr` claim. */
  acr_values: z.string().optional(),
});
export type OpenIdProviderRule = z.infer<typeof openIdRule>;

/** A SAML 2.0 identity provider at which the members of one environment sign in. */
const samlRule = z.strictObject({
  ...common,
  protocol: z.literal('saml'),
  /** The provider's entity id, exactly as in its assertions (`Issuer`). */
  entity_id: z.string().min(1).max(1024),
  /** Address of its single sign-on service, binding HTTP-Redirect. */
  sign_in_url: webAddress,
  /** Address of its single logout service, binding HTTP-Redirect. Needs `signing`. */
  sign_out_url: webAddress.optional(),
  /** The key that signs our requests. They are not signed when this is absent. */
  signing: signingShape.optional(),
  /** Certificates (PEM) whose keys sign its answers. Several during a rotation. */
  certificates: z.array(certificateShape).min(1),
  /** The attribute with the member's key in the roster. The NameID carries the key when this is absent. */
  subject_attribute: z.string().min(1).optional(),
  /** Format of the NameID that the request asks for. */
  name_id_format: z.string().min(1).optional(),
  /** AuthnContextClassRef values: asked for, and one of them is then required. */
  authn_contexts: z.array(z.string().min(1)).min(1).optional(),
  /** The key for encrypted assertions. An encrypted assertion is refused when this is absent. */
  decryption: decryptionShape.optional(),
  /** Whether the response needs a signature beside that of its assertion, which is always required. */
  require_signed_response: z.boolean().default(true),
});
export type SamlProviderRule = z.infer<typeof samlRule>;

export type MemberProviderRule = OpenIdProviderRule | SamlProviderRule;

/** An entry without `protocol` is an OpenID Connect provider. */
const providerRule = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !('protocol' in value)
      ? { ...value, protocol: 'openid' }
      : value,
  z.discriminatedUnion('protocol', [openIdRule, samlRule]),
);

/**
 * Reads MEMBER_PROVIDERS, a JSON list. Messages never repeat the value, because it contains client secrets.
 * @param isProduction requires https for every address of a provider
 * @throws Error that names the wrong entry and the fault
 */
export function parseMemberProviders(text: string, isProduction: boolean): MemberProviderRule[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('must be a JSON list of providers');
  }
  const parsed = z.array(providerRule).safeParse(value);
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `[${path.join('.')}] ${message}`).join('; '),
    );
  const ids = parsed.data.map(({ environment, id }) => `${environment} ${id}`);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice) throw new Error(`names the provider ${twice} twice`);
  for (const rule of parsed.data) {
    const plain = Object.entries(addressesOf(rule)).find(([, address]) => !address.startsWith('https:'));
    if (isProduction && plain)
      throw new Error(`the ${plain[0]} of ${rule.id} must be an https address in production`);
    // SAML Profiles §4.4.4.1: a LogoutRequest of the front channel must be signed.
    if (rule.protocol === 'saml' && rule.sign_out_url && !rule.signing)
      throw new Error(`the sign_out_url of ${rule.id} needs a key in signing`);
  }
  return parsed.data;
}

function addressesOf(rule: MemberProviderRule): Record<string, string> {
  if (rule.protocol === 'openid') return { issuer: rule.issuer };
  const { sign_in_url, sign_out_url } = rule;
  return { sign_in_url, ...(sign_out_url ? { sign_out_url } : {}) };
}
