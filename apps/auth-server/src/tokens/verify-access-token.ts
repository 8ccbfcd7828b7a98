import { accessTokenClaims, type AccessTokenClaims, type EnvironmentAddresses } from '@payer/smart';
import { signingAlgorithms } from '@payer/service';
import { jwtVerify } from 'jose';
import type { Keys } from '../keys/keys.js';

/**
 * Verifies a JWT access token of this service (RFC 9068 §4).
 * @returns its claims, or undefined when the token is foreign, altered, expired or for another environment
 */
export async function verifyAccessToken(
  keys: Keys,
  addresses: EnvironmentAddresses,
  token: string,
): Promise<AccessTokenClaims | undefined> {
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.verifying(addresses.environment, kid);
        if (!key) throw new Error('unknown key');
        return key;
      },
      {
        algorithms: [...signingAlgorithms],
        typ: 'at+jwt',
        issuer: addresses.issuer,
        audience: addresses.fhirBaseUrl,
      },
    );
    return accessTokenClaims.parse(payload);
  } catch {
    return undefined;
  }
}
