import { Injectable } from '@nestjs/common';
import { newEvents, whenRelayed } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import type { ActorRole, ConsentRequest, Environment, GrantState } from '@payer/smart';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { countEnded } from '../metrics/grant-metrics.js';

/** A grant as it lies in the database; instants are Dates. */
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
  status: 'active' | 'revoked';
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
  revoked_reason: GrantState['revoked_reason'];
}

export interface ListedGrant extends GrantRow {
  last_used: Date | null;
}

type EndReason = NonNullable<GrantState['revoked_reason']>;

/** A grant as the other services know it. */
export function stateOf(row: GrantRow): GrantState {
  const { grant_id, version, environment, sub, patient, client_id, scope, status, revoked_reason } = row;
  return {
    grant_id,
    version,
    environment,
    sub,
    patient,
    client_id,
    scope,
    status,
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_reason,
  };
}

/** Which member lets which app see what, until when. Every change and the event that tells it are one transaction. */
@Injectable()
export class Grants {
  constructor(private readonly source: DataSource) {}

  /** Makes a grant of what a consent request asked for. */
  async create(manager: EntityManager, request: ConsentRequest, expiresAt: Date): Promise<GrantRow> {
    const [row] = await rowsOf<GrantRow>(
      manager,
      `INSERT INTO app_grant (grant_id, version, environment, sub, patient, client_id, client_name, organization, logo_uri,
                              scope, status, created_at, expires_at)
       VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', date_trunc('milliseconds', now()), $10) RETURNING *`,
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
        expiresAt,
      ],
    );
    if (!row) throw new Error('the grant was not stored');
    const fact = {
      action: 'grant-created' as const,
      actor_role: 'member' as const,
      actor: row.sub,
      ...subjectOf(row),
      grant_id: row.grant_id,
      detail: { until: row.expires_at.toISOString(), scope: row.scope },
    };
    await recordAndTellAudit(manager, 'consent', [fact], newEvents('grant-created', [stateOf(row)]));
    return row;
  }

  /**
   * Ends the live grants that a condition on `app_grant` selects, each once however many ask at the same time, and waits until the others are
   * on their way to know.
   * @returns how many ended
   */
  async end(condition: string, parameters: unknown[], reason: EndReason): Promise<number> {
    const events = await this.source.transaction(async (manager) => {
      const rows = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET status = 'revoked', version = version + 1,
           revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_reason = $1
         WHERE status = 'active' AND ${condition} RETURNING *`,
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

  /** As {@link endOne}, when it is the member's. */
  endOwn(environment: Environment, sub: string, grantId: string): Promise<number> {
    return this.end('grant_id = $2 AND environment = $3 AND sub = $4', [grantId, environment, sub], 'member');
  }

  endOfApp(environment: Environment, sub: string, clientId: string): Promise<number> {
    return this.end(
      'environment = $2 AND sub = $3 AND client_id = $4',
      [environment, sub, clientId],
      'member',
    );
  }

  endExpired(): Promise<number> {
    return this.end('expires_at <= now()', [], 'expired');
  }

  /** Those of the given grants that are alive. */
  async liveOf(environment: Environment, grantIds: readonly string[]): Promise<string[]> {
    const rows = await rowsOf<{ grant_id: string }>(
      this.source,
      `SELECT grant_id FROM app_grant
       WHERE environment = $1 AND grant_id = ANY($2) AND status = 'active' AND expires_at > now()`,
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

  /** All grants of a member, newest first, with when an app last used each. */
  ofMember(environment: Environment, sub: string): Promise<ListedGrant[]> {
    return rowsOf<ListedGrant>(
      this.source,
      `SELECT app_grant.*, (SELECT max(last_at) FROM grant_use WHERE grant_use.grant_id = app_grant.grant_id) AS last_used
       FROM app_grant WHERE environment = $1 AND sub = $2 ORDER BY created_at DESC LIMIT 500`,
      [environment, sub],
    );
  }
}

/** Which member's, app's and environment's grant an audit entry is about. */
export function subjectOf({
  environment,
  client_id,
  sub,
}: Pick<GrantRow, 'environment' | 'client_id' | 'sub'>) {
  return { environment, client_id, sub };
}

/** Who ended a grant, by the reason it ended for. */
function endedBy(row: GrantRow, reason: EndReason): { actor_role: ActorRole; actor: string | null } {
  if (reason === 'member') return { actor_role: 'member', actor: row.sub };
  if (reason === 'app') return { actor_role: 'app', actor: row.client_id };
  if (reason === 'platform') return { actor_role: 'developer', actor: null };
  return { actor_role: 'system', actor: null };
}
