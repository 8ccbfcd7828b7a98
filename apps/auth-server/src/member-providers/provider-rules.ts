import { environments } from '@payer/smart';
import { z } from 'zod';

/** An OpenID Connect provider at which the members of one environment sign in. */
const providerRule = z.strictObject({
  /** Part of the redirect URI and of the roster: lower-case letters, digits and hyphens. */
  id: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be lower-case letters, digits and hyphens'),
  environment: z.enum(environments),
  /** The text of the button. */
  name: z.string().min(1),
  /** The issuer, exactly as in its id_tokens (OpenID Connect Discovery §4.3). */
  issuer: z.url({ protocol: /^https?$/ }),
  client_id: z.string().min(1),
  /** Absent for a public client, which only PKCE protects. */
  client_secret: z.string().optional(),
  scope: z.string().default('openid'),
  /** The id_token claim with the member's key in the roster. */
  subject_claim: z.string().default('sub'),
  /** Sent as `acr_values`, and then required in the `acr` claim. */
  acr_values: z.string().optional(),
});
export type MemberProviderRule = z.infer<typeof providerRule>;

/**
 * Reads MEMBER_PROVIDERS, a JSON list. Messages never repeat the value, because it contains client secrets.
 * @param isProduction requires https for every issuer
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
  const plain = parsed.data.find(({ issuer }) => isProduction && !issuer.startsWith('https:'));
  if (plain) throw new Error(`the issuer of ${plain.id} must be an https address in production`);
  return parsed.data;
}
