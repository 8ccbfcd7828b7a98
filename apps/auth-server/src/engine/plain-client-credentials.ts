import { randomUUID } from 'node:crypto';
import type { SigningAlgorithm } from '@payer/service';
import { accessTokenLifetime, decideScopes, type AppState, type EnvironmentAddresses } from '@payer/smart';
import type { TokenSigner } from './token-signer.js';

/**
 * An access token for an app itself (RFC 6749 §4.4).
 * @param asked the requested scopes
 * @returns undefined for other scopes than those of the app's plan
 */
export async function plainClientCredentials(
  { issuer, fhirBaseUrl }: EnvironmentAddresses,
  signer: TokenSigner,
  algorithm: SigningAlgorithm,
  { client_id, plan }: AppState,
  asked: string,
) {
  if (!plan) return undefined;
  const { granted, problem } = decideScopes(plan, asked);
  if (problem) return undefined;
  const scope = [...new Set(asked.split(' '))].filter((each) => isIn(granted, each)).join(' ');
  const iat = Math.floor(Date.now() / 1000);
  const access_token = await signer.sign(algorithm, 'at+jwt', {
    jti: randomUUID(),
    sub: client_id,
    iat,
    exp: iat + accessTokenLifetime,
    scope,
    client_id,
    iss: issuer,
    aud: fhirBaseUrl,
  });
  return { access_token, expires_in: accessTokenLifetime, scope, token_type: 'Bearer' };
}

const isIn = (scopes: readonly string[], scope: string) => scopes.includes(scope);
