import { wakeRelaysSoon } from '@payer/events';
import { readRows, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import { errors, Provider, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import type { EventFreshness } from '../event-freshness.js';
import type { RequestLimits } from '../rate-limits/request-limits.js';
import { setRateLimitHeaders, tooManyRequests } from '../rate-limits/too-many-requests.js';
import { revokeReused, usedBefore } from './code-reuse.js';
import { checkCodeKey } from './dpop-code-binding.js';
import type { EngineClients } from './engine-clients.js';
import { isRepeatable, type Successor } from './refresh-token-rotation.js';
import type { OpenInteractions } from './interactions/open-interactions.js';
import { storeSuccessor } from './successor-batches.js';
import { findToken, rowLifetime, storeArtifact, storeUse } from './token-rows.js';
import type { ArtifactRow } from './unit-of-work/artifact-row.js';
import { tokenRequestState, type TokenUse } from './token-request-state.js';
import { unitOfWork } from './unit-of-work/unit-of-work.js';

interface Row {
  payload: AdapterPayload;
  consumed: number | null;
}

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
    const row: ArtifactRow = {
      model: this.model,
      id,
      payload: kept,
      grantId: (this.model === 'Grant' ? id : payload.grantId) ?? null,
      uid: payload.uid ?? null,
      lifetime: rowLifetime(this.model, expiresIn),
    };
    const state = this.model === 'RefreshToken' ? tokenRequestState() : undefined;
    const unit = unitOfWork(this.model);
    if (unit) unit.store(row);
    else if (state?.use) await this.storeWithUse(state.use, row);
    else await storeArtifact(this.source, this.environment, row);
    if (state) delete state.use;
    if (this.model === 'Interaction') await this.interactions?.added();
  }

  /** @throws InvalidGrant when the code or refresh token before it was already used */
  private async storeWithUse(use: TokenUse, successor: ArtifactRow): Promise<void> {
    if (await storeSuccessor(this.source, this.environment, use, successor)) return wakeRelaysSoon();
    await this.refuseReuse(use);
    await storeArtifact(this.source, this.environment, successor);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    if (this.model === 'Client') return (await this.clients?.find(id)) as AdapterPayload | undefined;
    if (!tokenGiving.has(this.model)) return this.findOther(id);
    // A code or a refresh token must not outlive a grant that the member has just revoked.
    await this.freshness.catchUp();
    const found = await this.findToken(id);
    if (found?.accountId) this.countMember(found.accountId);
    if (found && this.model === 'AuthorizationCode') await checkCodeKey(found);
    if (found?.consumed && Provider.ctx?.oidc.route === 'token' && (await this.isRepeatable(id)))
      delete found.consumed;
    return found;
  }

  private async findOther(id: string): Promise<AdapterPayload | undefined> {
    const grant = this.model === 'Grant' ? tokenRequestState()?.grant : undefined;
    if (grant?.id === id) return { ...grant.payload, jti: id };
    const known = unitOfWork(this.model)?.find(this.model, id);
    if (known) return known.payload && { ...known.payload, jti: id };
    return this.findWhere('id_sha256', sha256(id), id);
  }

  /** The request finds the token's grant and member in its state. */
  private async findToken(id: string): Promise<AdapterPayload | undefined> {
    const found = await findToken(this.source, this.environment, this.model, id);
    if (!found) return undefined;
    const { payload, consumed, rowExpiry, grant, member } = found;
    const state = tokenRequestState();
    if (state && grant) state.grant = grant;
    if (state && member) state.member = member;
    if (!consumed) return { ...payload, jti: id };
    // The engine looks at the expiry before the use, and would not see that an old code is used again.
    const lasting = this.model === 'AuthorizationCode' && rowExpiry !== null ? { exp: rowExpiry } : {};
    return { ...payload, ...lasting, jti: id, consumed };
  }

  /**
   * Counts a code or refresh token that an app presents against its member.
   * @throws CustomOIDCProviderError 429
   */
  private countMember(sub: string): void {
    const ctx = Provider.ctx;
    if (!this.limits || ctx?.oidc.route !== 'token') return;
    const verdict = this.limits.takeMember(this.environment, sub, ctx.req);
    if (verdict.isAllowed) return;
    setRateLimitHeaders(ctx, verdict);
    throw tooManyRequests(verdict);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const known = unitOfWork(this.model)?.findByUid(this.model, uid);
    return known ? { ...known.payload } : this.findWhere('uid', uid);
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /**
   * Marks a code or refresh token as used. Of several requests with one code exactly one succeeds. Every
   * other request is reuse and revokes the grant (`code-reuse.ts`). An app may repeat a refresh for a few
   * seconds ({@link isRepeatable}). If a refresh token follows, {@link upsert} writes the use with it.
   * @throws InvalidGrant when the token was already used
   * @throws TemporarilyUnavailable when this service's facts are too old to exclude a revoked grant
   */
  async consume(id: string): Promise<void> {
    if (!(await this.freshness.isFresh())) throw new errors.TemporarilyUnavailable();
    const use = { model: this.model, id };
    const state = tokenRequestState();
    // The engine issues a refresh token under the same condition.
    if (state && Provider.ctx?.oidc.client?.grantTypeAllowed('refresh_token')) state.use = use;
    else if (await storeUse(this.source, this.environment, use)) wakeRelaysSoon();
    else await this.refuseReuse(use);
  }

  /**
   * Returns when a used token may be sent again. Otherwise its grant is revoked.
   * @throws InvalidGrant
   */
  private async refuseReuse({ model, id }: TokenUse): Promise<void> {
    if (model === 'RefreshToken' && (await this.isRepeatable(id))) return;
    const used = await findToken(this.source, this.environment, model, id);
    if (used?.payload.grantId) await this.revokeByGrantId(used.payload.grantId);
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
    const unit = unitOfWork(this.model);
    if (unit) return unit.remove(this.model, id);
    await this.source.query(
      'DELETE FROM oidc_artifact WHERE environment = $1 AND model = $2 AND id_sha256 = $3',
      [this.environment, this.model, sha256(id)],
    );
  }

  /** The engine calls this when a code or refresh token is used again. */
  async revokeByGrantId(grantId: string): Promise<void> {
    await revokeReused(this.source, this.environment, grantId);
  }

  private async findWhere(column: 'id_sha256' | 'uid', value: string, jti?: string) {
    const [row] = await readRows<Row>(
      this.source,
      `find-artifact-${column}`,
      `SELECT payload, extract(epoch FROM consumed_at)::integer AS consumed FROM oidc_artifact
       WHERE environment = $1 AND model = $2 AND ${column} = $3 AND expires_at > now()`,
      [this.environment, this.model, value],
    );
    if (!row) return undefined;
    return { ...row.payload, ...(jti ? { jti } : {}), ...(row.consumed ? { consumed: row.consumed } : {}) };
  }
}
