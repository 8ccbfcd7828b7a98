import { Injectable } from '@nestjs/common';
import { newEvents, wakeRelays, whenRelayed } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import type { ActorRole, ConsentRequest, Environment, GrantState, SensitiveKind } from '@payer/smart';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { countEnded } from '../metrics/grant-metrics.js';
import { shownApps } from './shown-apps.js';
import type { AgreedTo } from './remembered-grant.js';

/** A grant as the database stores it. Instants are Dates. */
export interface GrantRow {
  grant_id: string;
  version: number;
  environment: Environment;
  sub: string;
  patient: string;
  client_id: string;
  client_name: string;
  organization: string | null;
  logo_uri: string | null;
  scope: string;
  /** `pending` until auth-server has accepted the consent decision. A pending grant gives no access. */
  status: 'pending' | 'active' | 'revoked';
  /** When auth-server stops accepting the decision. Null for a grant of a version without `pending`. */
  confirm_by: Date | null;
  confirmed_at: Date | null;
  created_at: Date;
  expires_at: Date;
  /** The original expiry of a grant that its member has shortened. Null when the expiry was never changed. */
  granted_until: Date | null;
  revoked_at: Date | null;
  revoked_reason: GrantState['revoked_reason'];
  /** The facts that the member agreed to. Null when a later request must ask again. */
  agreed_to: AgreedTo | null;
  /** Keys of the sensitive kinds of data that the member opened. */
  sensitive: SensitiveKind[];
}

/** The terms of a new grant. */
export interface GrantTerms {
  expiresAt: Date;
  /** When auth-server stops accepting the decision. */
  confirmBy: Date;
  agreedTo: AgreedTo;
  /** The sensitive kinds of data that the member opens. */
  sensitive: readonly SensitiveKind[];
  /** The standing grant that the new grant continues without a second question. */
  continues?: GrantRow;
}

/** A grant as its member sees it, with the current name and organization of the app. */
export interface ListedGrant extends GrantRow {
  last_used: Date | null;
  /** Number of the app's requests until now, as a decimal string. */
  requests: string;
  is_suspended: boolean;
  /** Whether the app's logo is on our origin. */
  has_logo: boolean;
}

type EndReason = NonNullable<GrantState['revoked_reason']>;

/** The state of a grant that other services receive. */
export function stateOf(row: GrantRow): GrantState {
  const { grant_id, version, environment, sub, patient, client_id, scope, revoked_reason } = row;
  // Another service asks only after it has seen a token. So auth-server has accepted the decision.
  const status = row.status === 'revoked' ? 'revoked' : 'active';
  return {
    grant_id,
    version,
    environment,
    sub,
    patient,
    client_id,
    scope,
    ...(row.sensitive.length > 0 ? { sensitive: row.sensitive } : {}),
    status,
    created_at: row.created_at.toISOString(),
    // Other services forget a revoked grant at this instant, so it must outlast every token of the grant.
    expires_at: (row.granted_until ?? row.expires_at).toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_reason,
  };
}

/**
 * Stores which member grants which app which scope, until when. A change and its event are one transaction.
 */
@Injectable()
export class Grants {
  constructor(private readonly source: DataSource) {}

  /** Creates a pending grant from a consent request. */
  async create(manager: EntityManager, request: ConsentRequest, terms: GrantTerms): Promise<GrantRow> {
    const [row] = await rowsOf<GrantRow>(
      manager,
      `INSERT INTO app_grant (grant_id, version, environment, sub, patient, client_id, client_name, organization, logo_uri,
                              scope, status, created_at, expires_at, confirm_by, agreed_to, sensitive)
       VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', date_trunc('milliseconds', now()), $10, $11, $12, $13)
       RETURNING *`,
      [
        randomUUID(),
        request.environment,
        request.sub,
        request.patient,
        request.client_id,
        request.client_name,
        request.organization ?? null,
        request.logo_uri ?? null,
        request.scope,
        terms.expiresAt,
        terms.confirmBy,
        JSON.stringify(terms.agreedTo),
        terms.sensitive,
      ],
    );
    if (!row) throw new Error('the grant was not stored');
    const { detail, ...act } = actOfMember('grant-allowed', row);
    const continued = terms.continues && { continues: terms.continues.grant_id };
    await recordAndTellAudit(manager, 'consent', [{ ...act, detail: { ...detail, ...continued } }]);
    return row;
  }

  /**
   * Makes pending grants active when auth-server has accepted the decisions. Leaves other grants unchanged.
   */
  async confirm(grantIds: readonly string[]): Promise<void> {
    if (grantIds.length === 0) return;
    await this.source.transaction(async (manager) => {
      const rows = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET status = 'active', confirmed_at = now()
         WHERE status = 'pending' AND grant_id = ANY($1) RETURNING *`,
        [grantIds],
      );
      if (rows.length === 0) return;
      const facts = rows.map((row) => actOfMember('grant-created', row));
      await recordAndTellAudit(manager, 'consent', facts, newEvents('grant-created', rows.map(stateOf)));
    });
    wakeRelays();
  }

  /**
   * Revokes a pending grant whose decision can no longer reach auth-server. It was never active: no event is
   * due.
   */
  async endUnredeemed(grantId: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      const [row] = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET status = 'revoked', version = version + 1,
           revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_reason = 'expired'
         WHERE status = 'pending' AND grant_id = $1 RETURNING *`,
        [grantId],
      );
      if (!row) return;
      await recordAndTellAudit(manager, 'consent', [
        {
          action: 'grant-revoked',
          actor_role: 'system',
          actor: null,
          ...subjectOf(row),
          grant_id: row.grant_id,
          detail: { reason: 'the answer never reached auth-server' },
        },
      ]);
    });
    wakeRelays();
  }

  /**
   * Revokes the live grants that a condition on `app_grant` selects. Concurrent calls revoke each grant once.
   * Waits for the relay of the events.
   * @returns how many grants this call revoked
   */
  async end(condition: string, parameters: unknown[], reason: EndReason): Promise<number> {
    const events = await this.source.transaction(async (manager) => {
      const rows = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET status = 'revoked', version = version + 1,
           revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_reason = $1
         WHERE (status = 'active' OR status = 'pending') AND ${condition} RETURNING *`,
        [reason, ...parameters],
      );
      if (rows.length === 0) return [];
      const events = newEvents('grant-revoked', rows.map(stateOf));
      const facts = rows.map((row) => ({
        action: 'grant-revoked' as const,
        ...endedBy(row, reason),
        ...subjectOf(row),
        grant_id: row.grant_id,
        detail: { reason },
      }));
      await recordAndTellAudit(manager, 'consent', facts, events);
      return events;
    });
    for (const { data } of events) countEnded(data.environment, reason);
    await whenRelayed(this.source, events);
    return events.length;
  }

  endOne(grantId: string, reason: EndReason): Promise<number> {
    return this.end('grant_id = $2', [grantId], reason);
  }

  /** Same as {@link endOne}, if the grant belongs to the member. */
  endOwn(environment: Environment, sub: string, grantId: string): Promise<number> {
    return this.end('grant_id = $2 AND environment = $3 AND sub = $4', [grantId, environment, sub], 'member');
  }

  endOfApp(environment: Environment, sub: string, clientId: string): Promise<number> {
    const ofApp = 'environment = $2 AND sub = $3 AND client_id = $4';
    return this.endWithContinuations(ofApp, [environment, sub, clientId]);
  }

  /** Revokes all grants of a member. */
  endAllOf(environment: Environment, sub: string): Promise<number> {
    return this.endWithContinuations('environment = $2 AND sub = $3', [environment, sub]);
  }

  /**
   * Revokes grants, and the grants that continue them. A continuation locks the standing grant, so the first
   * pass waits for it without seeing its row. The second pass sees it, and no other continuation can follow.
   */
  private async endWithContinuations(condition: string, parameters: unknown[]): Promise<number> {
    const first = await this.end(condition, parameters, 'member');
    return first === 0 ? 0 : first + (await this.end(condition, parameters, 'member'));
  }

  /**
   * Moves the expiry of an app's grants to an earlier date. A grant that already expires earlier stays
   * unchanged. {@link endExpired} publishes the expiry when it comes, so that services refuse tokens with a
   * later expiry.
   * @returns how many grants were shortened
   */
  async shortenOfApp(environment: Environment, sub: string, clientId: string, end: Date): Promise<number> {
    const rows = await this.source.transaction(async (manager) => {
      const shortened = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET expires_at = $4, granted_until = coalesce(granted_until, expires_at)
         WHERE environment = $1 AND sub = $2 AND client_id = $3 AND status <> 'revoked' AND expires_at > $4
         RETURNING *`,
        [environment, sub, clientId, end],
      );
      const facts = shortened.map((row) => actOfMember('grant-shortened', row));
      if (facts.length > 0) await recordAndTellAudit(manager, 'consent', facts);
      return shortened;
    });
    wakeRelays();
    return rows.length;
  }

  endExpired(): Promise<number> {
    return this.end('expires_at <= now()', [], 'expired');
  }

  /** Returns the ids of the given grants that are live. */
  async liveOf(environment: Environment, grantIds: readonly string[]): Promise<string[]> {
    const rows = await rowsOf<{ grant_id: string }>(
      this.source,
      `SELECT grant_id FROM app_grant
       WHERE environment = $1 AND grant_id = ANY($2) AND status <> 'revoked' AND expires_at > now()`,
      [environment, grantIds],
    );
    return rows.map(({ grant_id }) => grant_id);
  }

  async find(grantId: string): Promise<GrantRow | undefined> {
    const [row] = await rowsOf<GrantRow>(this.source, 'SELECT * FROM app_grant WHERE grant_id = $1', [
      grantId,
    ]);
    return row;
  }

  /**
   * All grants of a member, newest first, with the last use and the number of requests of each. Names are
   * those that the environment shows (`asReviewed` of libs/smart).
   */
  ofMember(environment: Environment, sub: string): Promise<ListedGrant[]> {
    return rowsOf<ListedGrant>(
      this.source,
      `SELECT g.*, coalesce(app.shown->>'client_name', g.client_name) AS client_name,
              CASE WHEN app.client_id IS NULL THEN g.organization ELSE app.shown->>'organization' END AS organization,
              coalesce(app.state->>'status' = 'suspended', false) AS is_suspended,
              logo.bytes IS NOT NULL AS has_logo, used.last_used, used.requests
       FROM app_grant g
         LEFT JOIN ${shownApps(environment)} app ON app.client_id = g.client_id
         LEFT JOIN app_logo logo ON logo.logo_uri = app.state->>'logo_uri'
         CROSS JOIN LATERAL (SELECT max(last_at) AS last_used, coalesce(sum(requests), 0)::text AS requests
                             FROM grant_use WHERE grant_use.grant_id = g.grant_id) used
       WHERE g.environment = $1 AND g.sub = $2 ORDER BY g.created_at DESC LIMIT 500`,
      [environment, sub],
    );
  }
}

function actOfMember(action: 'grant-allowed' | 'grant-created' | 'grant-shortened', row: GrantRow) {
  return {
    action,
    actor_role: 'member' as const,
    actor: row.sub,
    ...subjectOf(row),
    grant_id: row.grant_id,
    detail: { until: row.expires_at.toISOString(), scope: row.scope },
  };
}

/** The environment, app and member that an audit entry of a grant names. */
export function subjectOf({
  environment,
  client_id,
  sub,
}: Pick<GrantRow, 'environment' | 'client_id' | 'sub'>) {
  return { environment, client_id, sub };
}

/** The actor who revoked a grant, derived from the reason. */
function endedBy(row: GrantRow, reason: EndReason): { actor_role: ActorRole; actor: string | null } {
  if (reason === 'member') return { actor_role: 'member', actor: row.sub };
  if (reason === 'app') return { actor_role: 'app', actor: row.client_id };
  if (reason === 'platform') return { actor_role: 'developer', actor: null };
  return { actor_role: 'system', actor: null };
}
