import {
  consentDecisionClaims,
  consentDecisionType,
  signOutRequestClaims,
  signOutRequestType,
  type ConsentDecision,
  type EnvironmentAddresses,
  type SignOutRequest,
} from '@payer/smart';
import { createRemoteJWKSet, jwtVerify } from 'jose';

/**
 * Verifies what consent sends through the browser against its published keys, which are fetched when first needed and kept.
 * Each method throws when the message is not consent's, not for this issuer, of another kind, or too old.
 */
export class ConsentMessages {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;

  constructor(consentJwksUrl: string) {
    this.keys = createRemoteJWKSet(new URL(consentJwksUrl), {
      cooldownDuration: 1000,
      cacheMaxAge: 24 * 3600_000,
    });
  }

  async decision(token: string, addresses: EnvironmentAddresses): Promise<ConsentDecision> {
    return consentDecisionClaims.parse(await this.verify(token, consentDecisionType, addresses));
  }

  async signOut(token: string, addresses: EnvironmentAddresses): Promise<SignOutRequest> {
    return signOutRequestClaims.parse(await this.verify(token, signOutRequestType, addresses));
  }

  private async verify(token: string, typ: string, addresses: EnvironmentAddresses): Promise<unknown> {
    const { payload } = await jwtVerify(token, this.keys, {
      algorithms: ['RS256'],
      typ,
      issuer: addresses.managementUrl,
      audience: addresses.issuer,
      requiredClaims: ['exp', 'jti'],
    });
    return payload;
  }
}
