import { randomToken, rowsOf, sha256, Sealer, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { endProviderSessions, endSessions } from '../members/end-sign-ins.js';
import type { ProviderLogout, ProviderSession } from './protocol/sign-in-protocol.js';

/** Seconds. A member who has not signed in for so long has no session here that a sign-out could end. */
export const providerSessionLifetime = 12 * 3600;

/**
 * The sessions that members have at their providers. A row outlives our own session, because a member can
 * sign out at the connected apps without a session here.
 */
export class ProviderSessions {
  private readonly sealer: Sealer;

  constructor(
    private readonly db: Queryable,
    keyEncryptionKey: string,
  ) {
    this.sealer = new Sealer(keyEncryptionKey);
  }

  /**
   * @param sub the member
   * @returns the token for the browser's cookie
   */
  async keep(
    environment: Environment,
    provider: string,
    sub: string,
    { subject, sid, hint }: ProviderSession,
  ): Promise<string> {
    const token = randomToken();
    await this.db.query('DELETE FROM provider_session WHERE expires_at < now()');
    await this.db.query(
      `INSERT INTO provider_session
         (token_sha256, environment, provider, sub, subject, sid, sealed_id_token, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))`,
      [
        sha256(token),
        environment,
        provider,
        sub,
        subject,
        sid ?? null,
        this.sealer.seal(hint, 'provider session'),
        providerSessionLifetime,
      ],
    );
    return token;
  }

  /**
   * Ends the session of a browser.
   * @param sub the member who signs out
   * @returns the provider and the hint of the session, or undefined when this member has no session
   */
  async end(
    environment: Environment,
    token: string,
    sub: string,
  ): Promise<{ provider: string; hint: string } | undefined> {
    const [row] = await rowsOf<{ provider: string; sealed_id_token: string }>(
      this.db,
      `DELETE FROM provider_session
       WHERE environment = $1 AND token_sha256 = $2 AND sub = $3 AND expires_at > now()
       RETURNING provider, sealed_id_token`,
      [environment, sha256(token), sub],
    );
    if (!row) return undefined;
    return { provider: row.provider, hint: this.sealer.open(row.sealed_id_token, 'provider session') };
  }

  /** The members whose sessions the provider has ended. */
  async membersOf(
    environment: Environment,
    provider: string,
    { subject, sid }: ProviderLogout,
  ): Promise<string[]> {
    const rows = await rowsOf<{ sub: string }>(
      this.db,
      `SELECT DISTINCT sub FROM provider_session
       WHERE environment = $1 AND provider = $2
         AND ($3::text IS NULL OR subject = $3) AND ($4::text IS NULL OR sid = $4)`,
      [environment, provider, subject ?? null, sid ?? null],
    );
    return rows.map(({ sub }) => sub);
  }

  /**
   * Ends every session of members in this service, in one environment: those of the engine, the sign-ins that
   * have not become a session yet, and the rows here. Grants stay: a sign-out stops no app.
   */
  async endAllOf(environment: Environment, subs: readonly string[]): Promise<void> {
    await endSessions(this.db, environment, subs);
    await endProviderSessions(this.db, environment, subs);
  }
}
