import type { SigningAlgorithm } from '@payer/service';
import { accessTokenLifetime, decideScopes, planRules, type EnvironmentAddresses } from '@payer/smart';
import { errors, type Client, type KoaContextWithOIDC } from 'oidc-provider';
import { appOf } from './token-answers.js';

/**
 * The FHIR API of an environment as the engine's resource server (RFC 8707), with the granted scopes of this
 * request.
 * @param alg signs access tokens
 * @throws InvalidTarget for an app without a plan; InvalidScope for scopes outside the plan
 */
export function resourceServer(
  addresses: EnvironmentAddresses,
  alg: SigningAlgorithm,
  ctx: KoaContextWithOIDC,
  client: Client,
) {
  const plan = appOf(client)?.plan;
  if (!plan) throw new errors.InvalidTarget('the app has no plan');
  // The authorization endpoint has decided the scopes of a member's grant. A refresh may not request other
  // scopes.
  const asked = textOf(ctx.oidc.params?.scope);
  const decision = decideScopes(
    plan,
    planRules[plan].flow === 'authorization-code' ? (asked ?? planRules[plan].scopes.join(' ')) : asked,
  );
  if (decision.problem) throw new errors.InvalidScope(decision.problem, textOf(ctx.oidc.params?.scope) ?? '');
  return {
    scope: decision.granted.join(' '),
    audience: addresses.fhirBaseUrl,
    accessTokenFormat: 'jwt' as const,
    accessTokenTTL: accessTokenLifetime,
    jwt: { sign: { alg } },
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
