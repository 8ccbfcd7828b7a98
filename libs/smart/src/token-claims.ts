import { z } from 'zod';
import { planRules, type Plan } from './plans.js';

/** Lifetime of an access token in seconds, as on the developer page (`expires_in` 3599). */
export const accessTokenLifetime = 3599;
/**
 * Maximum age in seconds of `auth-server`'s knowledge of grants and apps when it issues tokens: the largest
 * REVOCATION_MAX_STALENESS. `fhir-api` remembers a revoked grant for this time plus the lifetime of an access
 * token.
 */
export const authServerMaxStaleness = 300;
/** Lifetime of an authorization code in seconds. */
export const authorizationCodeLifetime = 60;

/**
 * Claims of an access token (RFC 9068 §2.2, with SMART's `patient` and `fhirUser`, and the token's grant).
 */
export const accessTokenClaims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  sub: z.string(),
  client_id: z.string(),
  scope: z.string(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
  patient: z.string().optional(),
  fhirUser: z.string().optional(),
  grant_id: z.string().optional(),
  /** When the member allowed the access; absent from the previous version. */
  grant_created_at: z.number().optional(),
  /** When the grant ends by itself; absent from the previous version. */
  grant_expires_at: z.number().optional(),
  /** Thumbprint of the key that the token is bound to (RFC 9449 §6.1); absent for a bearer token. */
  cnf: z.object({ jkt: z.string() }).optional(),
  /** Keys of the sensitive kinds of data that the member opened (sensitive-kinds.ts); absent means none. */
  sensitive: z.array(z.string()).optional(),
});
export type AccessTokenClaims = z.infer<typeof accessTokenClaims>;

/**
 * The gateway's rule: the claims must agree with the app's plan in their scopes and in the presence of
 * `patient`.
 *
 * @returns the fault in words for a developer, or undefined
 */
export function claimsAgainstPlan(
  claims: Pick<AccessTokenClaims, 'scope' | 'patient' | 'grant_id'>,
  plan: Plan,
): string | undefined {
  const rule = planRules[plan];
  const held = claims.scope.split(' ');
  const same = held.length === rule.scopes.length && rule.scopes.every((scope) => held.includes(scope));
  if (!same)
    return `the app is subscribed to the ${rule.title}, whose tokens carry the scopes ${rule.scopes.join(' ')}`;
  if (rule.patientClaim === 'required' && !(claims.patient && claims.grant_id))
    return `${rule.title} tokens must carry a patient and a grant`;
  if (rule.patientClaim === 'forbidden' && claims.patient)
    return `${rule.title} tokens must not carry a patient`;
  return undefined;
}
