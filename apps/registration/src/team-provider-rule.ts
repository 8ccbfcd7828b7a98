import { z } from 'zod';
import { teamRoles } from './team-roles/team-roles.js';

/** The OpenID Connect provider at which the payer's staff sign in. */
const providerRule = z.strictObject({
  /** The text of the button. */
  name: z.string().min(1),
  /** The issuer, exactly as in its id_tokens (OpenID Connect Discovery §4.3). */
  issuer: z.url({ protocol: /^https?$/ }),
  client_id: z.string().min(1),
  /** Absent for a public client, which only PKCE protects. */
  client_secret: z.string().optional(),
  scope: z.string().default('openid profile email'),
  /** The id_token claim with the groups of the person: a text or a list of texts. */
  roles_claim: z.string().default('groups'),
  /** The role for each group. A person in none of the groups is refused. */
  roles: z.record(z.string(), z.enum(teamRoles)),
});
export type TeamProviderRule = z.infer<typeof providerRule>;

/**
 * Reads PLATFORM_PROVIDER, a JSON object. Messages never repeat the value, because it contains a secret.
 * @param isProduction requires an https issuer
 * @throws Error that names the wrong member and the fault
 */
export function parseTeamProvider(text: string, isProduction: boolean): TeamProviderRule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('must be a JSON object that describes the provider');
  }
  const parsed = providerRule.safeParse(value);
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `[${path.join('.')}] ${message}`).join('; '),
    );
  if (isProduction && !parsed.data.issuer.startsWith('https:'))
    throw new Error('the issuer must be an https address in production');
  return parsed.data;
}
