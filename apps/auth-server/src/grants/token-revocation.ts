import { accessTokenLifetime, type Environment, type TokenRevocation } from '@payer/smart';

/** Seconds after a revocation in which a request under way may still issue a token of the revoked grant. */
const inFlight = 300;

/**
 * The revocation of a grant in this service: all its tokens are refused, and consent revokes the grant, too.
 */
export function grantEnd(row: {
  environment: Environment;
  clientId: string;
  grantId: string;
  endedAt: Date;
  reason: TokenRevocation['reason'];
}): TokenRevocation {
  const at = row.endedAt.getTime();
  return {
    id: row.grantId,
    version: at,
    environment: row.environment,
    client_id: row.clientId,
    jti: null,
    grant_id: row.grantId,
    issued_before: new Date(at + inFlight * 1000).toISOString(),
    expires_at: new Date(at + (inFlight + accessTokenLifetime) * 1000).toISOString(),
    reason: row.reason,
    ends_grant: true,
  };
}

/** The revocation of one token. */
export function tokenEnd(row: {
  environment: Environment;
  clientId: string;
  jti: string;
  grantId: string | null;
  expiresAt: Date;
}): TokenRevocation {
  return {
    id: row.jti,
    version: 1,
    environment: row.environment,
    client_id: row.clientId,
    jti: row.jti,
    grant_id: row.grantId,
    issued_before: null,
    expires_at: row.expiresAt.toISOString(),
    reason: 'app',
    ends_grant: false,
  };
}

/** The revocation of all tokens that an environment issued until an instant. */
export function environmentEnd(row: {
  environment: Environment;
  issuedBefore: Date;
  expiresAt: Date;
}): TokenRevocation {
  return {
    id: row.environment,
    version: row.issuedBefore.getTime(),
    environment: row.environment,
    client_id: '*',
    jti: null,
    grant_id: null,
    issued_before: row.issuedBefore.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    reason: 'restore',
    ends_grant: false,
  };
}
