import { signOutRequestLifetime, signOutRequestType, type Addresses, type Environment } from '@payer/smart';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import type { Keys } from '../keys/keys.js';

/** Signs the message that ends the member's session at auth-server, too. */
export function signSignOutRequest(
  keys: Keys,
  addresses: Addresses,
  environment: Environment,
  sub: string,
): Promise<string> {
  const { issuer, managementUrl } = addresses[environment];
  const { kid, key } = keys.signing();
  return new SignJWT({ sub })
    .setProtectedHeader({ alg: 'RS256', typ: signOutRequestType, kid })
    .setIssuer(managementUrl)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${signOutRequestLifetime}s`)
    .sign(key);
}
