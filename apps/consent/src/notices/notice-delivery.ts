import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, rowsOf, ServiceIdentity } from '@payer/service';
import type { Environment, GrantNotice, NoticeKind } from '@payer/smart';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { GrantRow } from '../grants/grants.js';
import { shownApps } from '../grants/shown-apps.js';

/** Seconds from each failed attempt to the next one. Then the notice is given up. */
const retryDelays = [5, 30, 300, 3600, 4 * 3600, 12 * 3600] as const;
/** Notices of one round. */
const batch = 20;
/** Milliseconds. */
const timeout = 10_000;
/**
 * Seconds after which another replica takes over a round whose sender has died: longer than a round can last.
 */
const lease = (batch * timeout) / 1000 + 60;

interface Due {
  grant_id: string;
  kind: NoticeKind;
  attempts: number;
}

type Noted = Pick<
  GrantRow,
  | 'environment'
  | 'sub'
  | 'client_name'
  | 'organization'
  | 'expires_at'
  | 'revoked_at'
  | 'revoked_reason'
  | 'ended_by'
>;

/**
 * Hands the notices that are due to auth-server, which knows the addresses. Replicas share the work. A notice
 * can be handed over twice, after a crash: its id keeps the mail single.
 */
@Injectable()
export class NoticeDelivery {
  private readonly logger = new Logger('notices');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly identity: ServiceIdentity,
  ) {}

  async sendDue(): Promise<void> {
    for (;;) {
      const due = await this.claim();
      for (const notice of due) await this.attempt(notice);
      if (due.length < batch) return;
    }
  }

  private claim(): Promise<Due[]> {
    return rowsOf<Due>(
      this.source,
      `UPDATE grant_notice SET next_attempt_at = now() + make_interval(secs => ${lease}), attempts = attempts + 1
       WHERE (grant_id, kind) IN (SELECT grant_id, kind FROM grant_notice WHERE next_attempt_at <= now()
                                  ORDER BY next_attempt_at LIMIT ${batch} FOR UPDATE SKIP LOCKED)
       RETURNING grant_id, kind, attempts`,
    );
  }

  private async attempt({ grant_id, kind, attempts }: Due): Promise<void> {
    let delay: number | null = null;
    try {
      const noted = await this.noted(grant_id, kind);
      if (noted) await this.handOver(noted.environment, noticeOf(grant_id, kind, noted, this.config));
    } catch (error) {
      delay = retryDelays[attempts - 1] ?? null;
      const next = delay === null ? 'given up' : `next attempt in ${delay} s`;
      this.logger.warn(`a notice was not handed over (${(error as Error).message}): ${next}`);
    }
    await rowsOf(
      this.source,
      `UPDATE grant_notice SET next_attempt_at = now() + make_interval(secs => $4::float8)
       WHERE grant_id = $1 AND kind = $2 AND attempts = $3`,
      [grant_id, kind, attempts, delay],
    );
  }

  /**
   * The grant, if the notice is still true. An app with another grant of the member has lost nothing, and a
   * grant that has ended does not end soon.
   */
  private async noted(grantId: string, kind: NoticeKind): Promise<Noted | undefined> {
    const [grant] = await rowsOf<GrantRow & { is_shared_again: boolean }>(
      this.source,
      `SELECT *, EXISTS (
         SELECT 1 FROM app_grant other
         WHERE other.environment = app_grant.environment AND other.sub = app_grant.sub
           AND other.patient = app_grant.patient AND other.client_id = app_grant.client_id
           AND other.status = 'active') AS is_shared_again
       FROM app_grant WHERE grant_id = $1`,
      [grantId],
    );
    if (!grant) return undefined;
    if (kind === 'ended' && grant.is_shared_again) return undefined;
    if (kind === 'ending' && grant.status !== 'active') return undefined;
    const [app] = await rowsOf<{ client_name: string | null; organization: string | null }>(
      this.source,
      `SELECT shown->>'client_name' AS client_name, shown->>'organization' AS organization
       FROM ${shownApps(grant.environment)} app WHERE client_id = $1`,
      [grant.client_id],
    );
    const { client_name, organization } = grant;
    return {
      ...grant,
      client_name: app?.client_name ?? client_name,
      organization: app ? app.organization : organization,
    };
  }

  /** @throws Error when auth-server has not taken the notice */
  private async handOver(environment: Environment, notice: GrantNotice): Promise<void> {
    const response = await this.identity.call(
      'auth-server',
      `${this.config.AUTH_SERVER_INTERNAL_URL}/${environment}/internal/notices`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(notice),
        signal: AbortSignal.timeout(timeout),
      },
    );
    if (!response.ok) throw new Error(`auth-server answered ${response.status}`);
  }
}

function noticeOf(grantId: string, kind: NoticeKind, noted: Noted, config: Config): GrantNotice {
  const { sub, client_name, organization, expires_at, revoked_at, revoked_reason } = noted;
  return {
    id: `${grantId} ${kind}`,
    kind,
    sub,
    client_name,
    organization,
    until: ((kind === 'ended' ? revoked_at : undefined) ?? expires_at).toISOString(),
    reason: kind === 'ended' ? revoked_reason : null,
    is_ended_by_other: noted.ended_by !== null,
    time_zone: config.PLAN_TIME_ZONE,
  };
}
