import type { FactSource } from '@payer/events';
import type { Environment, TokenRevocation } from '@payer/smart';
import { environmentEnd, grantEnd, tokenEnd } from '../grants/token-revocation.js';

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
