import { queryRows, type FactsOwner, type JournaledEvent, type Queries } from '@payer/events';
import { dropKeysAgain, keepAuditEntry, keyDropped } from '@payer/service';
import {
  accessTokenLifetime,
  environments,
  type AuditEntry,
  type Environment,
  type TokenRevocation,
} from '@payer/smart';
import { revocationFacts } from './revocation-facts.js';

/** Seconds for which the journal keeps a revocation after the revoked tokens have expired. */
const margin = 24 * 3600;

/**
 * An event of the journal only: a code or refresh token was used and is invalid from then on (RFC 6749
 * §4.1.2, §6).
 */
export const tokenUsed = 'token-used';

/** `data` of {@link tokenUsed}. */
export interface UsedToken {
  environment: Environment;
  model: string;
  id_sha256: string;
  /** ISO 8601. */
  expires_at: string;
}

const revocationsOf = (events: readonly JournaledEvent[]) =>
  events.filter(({ type }) => type === 'token-revoked').map(({ data }) => data as TokenRevocation);
const usedOf = (events: readonly JournaledEvent[]) =>
  events.filter(({ type }) => type === tokenUsed).map(({ data }) => data as UsedToken);
const isAboutEnds = ({ type, data }: JournaledEvent) =>
  type === 'audit-recorded' && ['grant-ended', 'token-revoked'].includes((data as AuditEntry).action);

/** Restores revocations, revoked grants and used tokens after a restore of the database (decision 26). */
export const revocationRecovery: FactsOwner = {
  service: 'auth-server',
  source: revocationFacts as FactsOwner['source'],

  isJournaled: (event) => ['token-revoked', tokenUsed, keyDropped].includes(event.type) || isAboutEnds(event),

  async apply(client, events) {
    const revocations = revocationsOf(events);
    await applyTokens(client, revocations);
    await applyGrants(client, revocations);
    for (const revocation of revocations)
      if (revocation.jti === null && revocation.grant_id === null) await endEnvironment(client, revocation);
    // In the past: a repetition within seconds (`OidcAdapter.isRepeatable`) is not possible after a restore.
    await client.query(
      `UPDATE oidc_artifact SET consumed_at = now() - interval '1 minute',
         expires_at = greatest(oidc_artifact.expires_at, used.expires_at)
       FROM jsonb_to_recordset($1::jsonb)
         AS used (environment text, model text, id_sha256 text, expires_at timestamptz)
       WHERE oidc_artifact.environment = used.environment AND oidc_artifact.model = used.model
         AND oidc_artifact.id_sha256 = used.id_sha256 AND consumed_at IS NULL`,
      [JSON.stringify(usedOf(events))],
    );
    await dropKeysAgain(client, events);
    const entries = events.filter(isAboutEnds);
    for (const { data } of entries) await keepAuditEntry(client as never, data as AuditEntry);
    await client.query(
      `INSERT INTO outbox (event_id, event) SELECT * FROM unnest($1::uuid[], $2::jsonb[]) ON CONFLICT DO NOTHING`,
      [entries.map(({ id }) => id), entries.map(publishedAgain)],
    );
  },

  /**
   * A member may have signed out of a session, and a code may have been used. Codes that are known as used
   * stay: they give nothing, and their second use ends their grant.
   */
  async forgetUnconfirmed(client) {
    await client.query(
      `DELETE FROM oidc_artifact WHERE model NOT IN ('Grant', 'RefreshToken')
         AND NOT (model = 'AuthorizationCode' AND consumed_at IS NOT NULL)`,
    );
  },

  /**
   * Removes all refresh tokens: any of them may have been used, and no list of confirmed facts could say
   * which.
   */
  async endAll(client) {
    const tokens = await queryRows(client, 'DELETE FROM oidc_artifact RETURNING 1');
    const now = Date.now();
    for (const environment of environments)
      await endEnvironment(client, {
        environment,
        issued_before: new Date(now).toISOString(),
        expires_at: new Date(now + (accessTokenLifetime + margin) * 1000).toISOString(),
      });
    return [
      `${tokens.length} codes, refresh tokens, grants and sessions are gone`,
      'every access token issued until now is refused in both environments',
    ];
  },

  isNeeded({ type, data }, isNewest) {
    if (type === keyDropped) return true;
    if (type === 'token-revoked' && (data as TokenRevocation).ends_grant) return isNewest;
    const expiry = Date.parse((data as { expires_at?: string }).expires_at ?? '');
    return expiry > Date.now() - margin * 1000;
  },

  async missing(client, events) {
    const revocations = revocationsOf(events);
    const tokens = revocations.filter(
      ({ jti, expires_at }) => jti !== null && Date.parse(expires_at) > Date.now(),
    );
    const grants = revocations.filter(({ jti, grant_id }) => jti === null && grant_id !== null);
    const known = new Set(
      (
        await queryRows<{ id: string }>(
          client,
          `SELECT jti AS id FROM revoked_token WHERE jti = ANY($1)
           UNION ALL SELECT grant_id FROM ended_grant WHERE grant_id = ANY($2)`,
          [tokens.map(({ jti }) => jti), grants.map(({ grant_id }) => grant_id)],
        )
      ).map(({ id }) => id),
    );
    const unused = await queryRows<{ model: string }>(
      client,
      `SELECT oidc_artifact.model FROM oidc_artifact
         JOIN jsonb_to_recordset($1::jsonb) AS used (environment text, model text, id_sha256 text)
           USING (environment, model, id_sha256)
       WHERE consumed_at IS NULL`,
      [JSON.stringify(usedOf(events))],
    );
    return [
      ...tokens.filter(({ id }) => !known.has(id)).map(({ id }) => `token ${id} was revoked`),
      ...grants.filter(({ id }) => !known.has(id)).map(({ id }) => `grant ${id} was ended`),
      ...(unused.length > 0 ? [`${unused.length} codes and refresh tokens were used`] : []),
    ];
  },
};

async function applyTokens(client: Queries, revocations: readonly TokenRevocation[]): Promise<void> {
  await client.query(
    `INSERT INTO revoked_token (jti, environment, client_id, grant_id, expires_at)
     SELECT jti, environment, client_id, grant_id, expires_at
     FROM jsonb_to_recordset($1::jsonb)
       AS given (jti text, environment text, client_id text, grant_id text, expires_at timestamptz)
     WHERE expires_at > now() ON CONFLICT DO NOTHING`,
    [JSON.stringify(revocations.filter(({ jti }) => jti !== null))],
  );
}

async function applyGrants(client: Queries, revocations: readonly TokenRevocation[]): Promise<void> {
  const ended = JSON.stringify(
    revocations
      .filter(({ jti, grant_id }) => jti === null && grant_id !== null)
      .map((revocation) => ({ ...revocation, ended_at: new Date(revocation.version).toISOString() })),
  );
  const given = `jsonb_to_recordset($1::jsonb)
    AS given (grant_id text, environment text, client_id text, reason text, ended_at timestamptz)`;
  await client.query(
    `INSERT INTO ended_grant (grant_id, environment, client_id, reason, ended_at)
     SELECT DISTINCT ON (grant_id) grant_id, environment, client_id, reason, ended_at FROM ${given}
     ON CONFLICT (grant_id) DO UPDATE SET client_id = excluded.client_id, reason = excluded.reason
     WHERE ended_grant.reason IS NULL`,
    [ended],
  );
  await client.query(
    `DELETE FROM oidc_artifact USING ${given}
     WHERE oidc_artifact.environment = given.environment AND oidc_artifact.grant_id = given.grant_id`,
    [ended],
  );
}

async function endEnvironment(
  client: Queries,
  end: Pick<TokenRevocation, 'environment' | 'issued_before' | 'expires_at'>,
): Promise<void> {
  await client.query(
    `INSERT INTO environment_revocation AS known (environment, issued_before, expires_at) VALUES ($1, $2, $3)
     ON CONFLICT (environment) DO UPDATE SET issued_before = greatest(known.issued_before, excluded.issued_before),
       expires_at = greatest(known.expires_at, excluded.expires_at)`,
    [end.environment, end.issued_before, end.expires_at],
  );
}

/** The original event. The journal omits the envelope attributes that are the same for all events. */
function publishedAgain(event: JournaledEvent): string {
  return JSON.stringify({
    specversion: '1.0',
    source: '/auth-server',
    datacontenttype: 'application/json',
    ...event,
  });
}
