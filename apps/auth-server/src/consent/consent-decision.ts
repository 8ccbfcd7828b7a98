import {
  consentDecisionClaims,
  consentDecisionType,
  type ConsentDecision,
  type EnvironmentAddresses,
} from '@payer/smart';
import { createRemoteJWKSet, jwtVerify } from 'jose';

export type DecisionVerifier = (token: string, addresses: EnvironmentAddresses) => Promise<ConsentDecision>;

/**
 * Verifies decisions against consent's published keys, which are fetched when first needed and kept.
 * The verifier throws when the decision is not consent's, not for this issuer, or too old.
 */
export function decisionVerifier(consentJwksUrl: string): DecisionVerifier {
  const keys = createRemoteJWKSet(new URL(consentJwksUrl), {
    cooldownDuration: 1000,
    cacheMaxAge: 24 * 3600_000,
  });
  return async (token, addresses) => {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      typ: consentDecisionType,
      issuer: addresses.managementUrl,
      audience: addresses.issuer,
      requiredClaims: ['exp', 'jti'],
    });
    return consentDecisionClaims.parse(payload);
  };
}
