import {
  consentDecisionLifetime,
  consentDecisionType,
  type Addresses,
  type ConsentRequest,
} from '@payer/smart';
import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import type { GrantRow } from '../grants/grants.js';
import type { Keys } from '../keys/keys.js';

/** Signs the consent decision that the browser takes to auth-server. A decision without a grant is a "no". */
export function signDecision(
  keys: Keys,
  addresses: Addresses,
  request: ConsentRequest,
  grant: GrantRow | undefined,
): Promise<string> {
  const { issuer, managementUrl } = addresses[request.environment];
  const { kid, key } = keys.signing();
  const answer = grant
    ? {
        decision: 'allow',
        grant_id: grant.grant_id,
        scope: grant.scope,
        ...(grant.sensitive.length > 0 ? { sensitive: grant.sensitive } : {}),
        grant_created_at: secondsOf(grant.created_at),
        grant_expires_at: secondsOf(grant.expires_at),
      }
    : { decision: 'deny' };
  return new SignJWT({
    interaction: request.interaction,
    ...(request.choice ? { choice: request.choice } : {}),
    sub: request.sub,
    client_id: request.client_id,
    ...answer,
  })
    .setProtectedHeader({ alg: 'RS256', typ: consentDecisionType, kid })
    .setIssuer(managementUrl)
    .setAudience(issuer)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${consentDecisionLifetime}s`)
    .sign(key);
}

const secondsOf = (date: Date) => Math.floor(date.getTime() / 1000);
