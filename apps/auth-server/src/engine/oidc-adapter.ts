import { randomUUID } from 'node:crypto';
import { wakeRelays, whenRelayed } from '@payer/events';
import { rowsOf, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import { errors, Provider, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { tokenUsed } from '../facts/revocation-recovery.js';
import { daysAfterEnd, revokeGrant } from '../grants/revoke-grant.js';
import type { EventFreshness } from '../event-freshness.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import { setRateLimitHeaders, tooManyRequests } from '../rate-limits/too-many-requests.js';
import { checkCodeKey } from './dpop-code-binding.js';
import type { EngineClients } from './engine-clients.js';
import { isRepeatable, type Successor } from './refresh-token-rotation.js';
import type { OpenInteractions } from './interactions/open-interactions.js';

interface Row {
  payload: AdapterPayload;
  consumed: number | null;
}

/** Detail of the error when a code or refresh token is used again. */
export const usedBefore = 'used before';

/** Seconds. */
const keptAfterExpiry = daysAfterEnd * 24 * 3600;

const tokenGiving: ReadonlySet<string> = new Set(['AuthorizationCode', 'RefreshToken']);

/**
 * Keeps one environment's codes, refresh tokens, sessions and other artifacts. Ids are hashed: most are
 * secrets.
 */
export class OidcAdapter implements Adapter {
  constructor(
    private readonly model: string,
    private readonly environment: Environment,
    private readonly source: DataSource,
    private readonly clients: EngineClients | undefined,
    private readonly freshness: EventFreshness,
    private readonly successorOf: Successor,
    private readonly interactions?: OpenInteractions,
    private readonly limits?: RequestLimits,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const kept: AdapterPayload = { ...payload };
    delete kept.jti;
    const grantId = this.model === 'Grant' ? id : payload.grantId;
    // Stores no artifact of an ended grant, so that a token issued during the revocation is never valid.
    await this.source.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, uid, expires_at)
       SELECT $1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7)
       WHERE $5::text IS NULL OR NOT EXISTS (SELECT 1 FROM ended_grant WHERE grant_id = $5)
       ON CONFLICT (environment, model, id_sha256) DO UPDATE
       SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`,
      [
        this.environment,
        this.model,
        sha256(id),
        JSON.stringify(kept),
        grantId ?? null,
        payload.uid ?? null,
        // The engine refuses an expired refresh token by its own `exp`. The row stays, so that the refusal can
        // say that the grant has expired.
        expiresIn === undefined ? null : expiresIn + (this.model === 'RefreshToken' ? keptAfterExpiry : 0),
      ],
    );
    if (this.model === 'Interaction') await this.interactions?.added();
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.model === 'Client') return (await this.clients?.find(id)) as AdapterPayload | undefined;
    if (!tokenGiving.has(this.model)) return this.findWhere('id_sha256', sha256(id), id);
    // A code or a refresh token must not outlive a grant that the member has just revoked.
    await this.freshness.catchUp();
    const found = await this.findWhere('id_sha256', sha256(id), id);
    if (found?.accountId) this.countMember(found.accountId);
    if (found && this.model === 'AuthorizationCode') await checkCodeKey(found);
    if (found?.consumed && Provider.ctx?.oidc.route === 'token' && (await this.isRepeatable(id)))
      delete found.consumed;
    return found;
  }

  /**
   * Counts a code or refresh token that an app presents against its member.
   * @throws CustomOIDCProviderError 429
   */
  private countMember(sub: string): void {
    const ctx = Provider.ctx;
    if (!this.limits || ctx?.oidc.route !== 'token') return;
    const verdict = this.limits.takeMember(this.environment, sub);
    if (verdict.isAllowed) return;
    setRateLimitHeaders(ctx, verdict);
    throw tooManyRequests(verdict);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.findWhere('uid', uid);
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /**
   * Marks a code or refresh token as used. Of several requests with one code exactly one succeeds. Every
   * other request is reuse and revokes the grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2). An app may repeat a
   * refresh for a few seconds ({@link isRepeatable}).
   * @throws InvalidGrant when the token was already used
   * @throws TemporarilyUnavailable when this service's facts are too old to exclude a revoked grant
   */
  async consume(id: string): Promise<void> {
    if (!(await this.freshness.isFresh())) throw new errors.TemporarilyUnavailable();
    const rows = await rowsOf(
      this.source,
      // The journal records the use, so that a restored database does not accept the token again.
      `WITH used AS (
         UPDATE oidc_artifact SET consumed_at = now()
         WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND consumed_at IS NULL RETURNING expires_at
       )
       INSERT INTO outbox_journal (event_id, event)
       SELECT $4::uuid, jsonb_build_object('id', $4::uuid, 'type', $5::text, 'subject', $3::text, 'time', $6::text, 'data',
         jsonb_build_object('environment', $1::text, 'model', $2::text, 'id_sha256', $3::text, 'expires_at', expires_at))
       FROM used RETURNING 1`,
      [this.environment, this.model, sha256(id), randomUUID(), tokenUsed, new Date().toISOString()],
    );
    if (rows.length > 0) return wakeRelays();
    if (await this.isRepeatable(id)) return;
    const used = await this.find(id);
    if (used?.grantId) await this.revokeByGrantId(used.grantId);
    throw new errors.InvalidGrant(usedBefore);
  }

  private async isRepeatable(id: string): Promise<boolean> {
    if (this.model !== 'RefreshToken') return false;
    return isRepeatable(this.source, this.environment, id, this.successorOf(id));
  }

  /**
   * On reuse the engine destroys the token, the artifacts of its grant and the grant itself, concurrently and
   * in separate calls. The first call must revoke the whole grant in one transaction. If a call deleted one
   * row first, no event would be published.
   */
  async destroy(id: string): Promise<void> {
    if (this.model === 'Grant') return this.revokeByGrantId(id);
    if (tokenGiving.has(this.model)) {
      const token = await this.findWhere('id_sha256', sha256(id));
      if (token?.grantId) return this.revokeByGrantId(token.grantId);
    }
    await this.source.query(
      'DELETE FROM oidc_artifact WHERE environment = $1 AND model = $2 AND id_sha256 = $3',
      [this.environment, this.model, sha256(id)],
    );
  }

  /** The engine calls this when a code or refresh token is used again. */
  async revokeByGrantId(grantId: string): Promise<void> {
    const [grant] = await rowsOf<{ client_id: string }>(
      this.source,
      `SELECT payload->>'clientId' AS client_id FROM oidc_artifact
       WHERE environment = $1 AND model = 'Grant' AND grant_id = $2`,
      [this.environment, grantId],
    );
    if (!grant) return;
    const event = await this.source.transaction((manager) =>
      revokeGrant(manager, {
        environment: this.environment,
        grantId,
        clientId: grant.client_id,
        reason: Provider.ctx?.oidc.params?.grant_type === 'authorization_code' ? 'code-reuse' : 'token-reuse',
      }),
    );
    if (event) await whenRelayed(this.source, [event]);
  }

  private async findWhere(column: 'id_sha256' | 'uid', value: string, jti?: string) {
    const [row] = await rowsOf<Row>(
      this.source,
      `SELECT payload, extract(epoch FROM consumed_at)::integer AS consumed FROM oidc_artifact
       WHERE environment = $1 AND model = $2 AND ${column} = $3 AND expires_at > now()`,
      [this.environment, this.model, value],
    );
    if (!row) return undefined;
    return { ...row.payload, ...(jti ? { jti } : {}), ...(row.consumed ? { consumed: row.consumed } : {}) };
  }
}
