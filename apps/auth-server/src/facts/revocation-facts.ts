import type { FactSource } from '@payer/events';
import { accessTokenLifetime, type Environment, type TokenRevocation } from '@payer/smart';

interface RevocationRow {
  key: string;
  environment: Environment;
  client_id: string;
  grant_id: string | null;
  changed_at: Date;
  expires_at: Date | null;
  reason: string;
  /** For a revocation of all tokens of an environment. Null for a token or a grant. */
  issued_before: Date | null;
}

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
function environmentEnd(row: {
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

/**
 * Lists every revoked token that could still be valid, and every grant that this service revoked: after the
 * revocation of its refresh token (RFC 7009), or after reuse of a code or refresh token (RFC 9700 §4.14.2). A
 * grant is never removed, so that consent revokes it however late consent reads the feed. A token stays one
 * day after its expiry, for readers whose clocks are behind.
 */
export const revocationFacts: FactSource<'auth-server', RevocationRow> = {
  select: `
    SELECT changed_by, jti AS key, environment, client_id, grant_id, revoked_at AS changed_at, expires_at, 'app' AS reason,
           NULL::timestamptz AS issued_before
    FROM revoked_token WHERE environment IS NOT NULL AND expires_at > now() - interval '1 day'
    UNION ALL
    SELECT changed_by, grant_id AS key, environment, client_id, grant_id, ended_at AS changed_at, NULL AS expires_at, reason, NULL
    FROM ended_grant WHERE reason IS NOT NULL
    UNION ALL
    SELECT changed_by, environment AS key, environment, '*', NULL, issued_before AS changed_at, expires_at, 'restore',
           issued_before
    FROM environment_revocation WHERE expires_at > now()`,
  toFact(row) {
    const { key, environment, client_id: clientId, grant_id: grantId, changed_at, expires_at, reason } = row;
    if (row.issued_before)
      return environmentEnd({ environment, issuedBefore: row.issued_before, expiresAt: expires_at! });
    return expires_at
      ? tokenEnd({ environment, clientId, jti: key, grantId, expiresAt: expires_at })
      : grantEnd({
          environment,
          clientId,
          grantId: key,
          endedAt: changed_at,
          reason: reason as TokenRevocation['reason'],
        });
  },
};
