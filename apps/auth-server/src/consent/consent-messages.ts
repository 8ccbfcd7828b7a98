import {
  consentDecisionClaims,
  consentDecisionType,
  signOutRequestClaims,
  signOutRequestType,
  type ConsentDecision,
  type EnvironmentAddresses,
  type SignOutRequest,
} from '@payer/smart';
import { remoteKeys } from '@payer/service';
import { jwtVerify, type JWTVerifyGetKey } from 'jose';

/**
 * Verifies the messages that consent sends through the browser, with consent's published keys. The keys are
 * fetched on first use and cached. Each method throws when the message is not from consent, is for another
 * issuer, has another type, or has expired.
 */
export class ConsentMessages {
  private readonly keys: JWTVerifyGetKey;

  /** @param keysMaxAge milliseconds for which fetched keys are used */
  constructor(consentJwksUrl: string, keysMaxAge: number) {
    this.keys = remoteKeys(consentJwksUrl, { maxAge: keysMaxAge });
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
