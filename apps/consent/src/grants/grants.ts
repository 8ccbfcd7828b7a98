import { Injectable } from '@nestjs/common';
import { newEvents, wakeRelays, whenRelayed } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import type {
  ConsentRequest,
  Environment,
  GrantShortening,
  GrantState,
  Relationship,
  SensitiveKind,
} from '@payer/smart';
import { randomUUID } from 'node:crypto';
import { DataSource, type EntityManager } from 'typeorm';
import { logoOfApp } from '../logos/logo-copy.js';
import { countEnded } from '../metrics/grant-metrics.js';
import { actOfMember, actsFor, endedBy, subjectOf } from './grant-acts.js';
import { noteCreated, noteEnded } from './keep-notices.js';
import { shownApps } from './shown-apps.js';
import type { AgreedTo } from './remembered-grant.js';
import { isVisibleTo, type GrantViewer } from './visible-grants.js';

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
  /** Id of the RelatedPerson as which the member acted. Null for the member's own records. */
  related_person: string | null;
  relationship: Relationship | null;
  /** Name of the patient, if the member acted for another person. Null after a recovery from the journal. */
  patient_name: string | null;
  /** Name of the member who acted for another person. */
  given_by_name: string | null;
  /** When the member's right to act for the patient ends. */
  right_ends_at: Date | null;
  /** The member who ended the grant, if another person than the one who gave it. */
  ended_by: string | null;
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
  /** Whether a representative of the viewer gave it. */
  is_given_by_other: boolean;
}

/** The grants of one app for one patient, which a page shows as one card. */
export interface GrantsOfApp {
  clientId: string;
  /** Any grant of the card. Absent for all grants of the app. */
  grantId?: string;
}

export const isLive = ({ status }: Pick<GrantRow, 'status'>): boolean => status !== 'revoked';

export type EndReason = NonNullable<GrantState['revoked_reason']>;

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
    ...(row.related_person ? { related_person: row.related_person } : {}),
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

/** The new end of a grant whose time the member has shortened. */
const shorteningOf = ({ grant_id, environment, client_id, expires_at }: GrantRow): GrantShortening => ({
  grant_id,
  version: Date.now(),
  environment,
  client_id,
  expires_at: expires_at.toISOString(),
});

/**
 * Stores which member grants which app which scope, until when. A change and its event are one transaction.
 */
@Injectable()
export class Grants {
  constructor(private readonly source: DataSource) {}

  /** Creates a pending grant from a consent request. */
  async create(manager: EntityManager, request: ConsentRequest, terms: GrantTerms): Promise<GrantRow> {
    const { representation } = request;
    const [row] = await rowsOf<GrantRow>(
      manager,
      `INSERT INTO app_grant (grant_id, version, environment, sub, patient, client_id, client_name, organization, logo_uri,
                              scope, status, created_at, expires_at, confirm_by, agreed_to, sensitive, related_person,
                              relationship, patient_name, given_by_name, right_ends_at)
       VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', date_trunc('milliseconds', now()), $10, $11, $12, $13,
               $14, $15, $16, $17, to_timestamp($18))
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
        representation?.related_person ?? null,
        representation?.relationship ?? null,
        representation?.patient_name ?? null,
        representation ? request.member_name : null,
        representation?.ends_at ?? null,
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
      await noteCreated(manager, idsOf(rows));
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
   * @param by the member who ends them, if a member does
   * @returns how many grants this call revoked
   */
  async end(condition: string, parameters: unknown[], reason: EndReason, by?: string): Promise<number> {
    const events = await this.source.transaction(async (manager) => {
      const rows = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET status = 'revoked', version = version + 1,
           revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_reason = $1,
           ended_by = nullif(${by === undefined ? 'NULL' : `$${parameters.length + 2}::text`}, sub)
         WHERE (status = 'active' OR status = 'pending') AND ${condition} RETURNING *`,
        [reason, ...parameters, ...(by === undefined ? [] : [by])],
      );
      if (rows.length === 0) return [];
      await noteEnded(manager, idsOf(rows));
      const events = newEvents('grant-revoked', rows.map(stateOf));
      const facts = rows.map((row) => ({
        action: 'grant-revoked' as const,
        ...endedBy(row, reason),
        ...subjectOf(row),
        grant_id: row.grant_id,
        detail: { reason, ...actsFor(row) },
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

  /** Same as {@link endOne}, if the viewer may see the grant. */
  endOwn(environment: Environment, viewer: GrantViewer, grantId: string): Promise<number> {
    return this.end(
      `environment = $2 AND ${isVisibleTo('$3', '$4')} AND grant_id = $5`,
      [environment, viewer.sub, viewer.patient, grantId],
      'member',
      viewer.sub,
    );
  }

  endOfApp(
    environment: Environment,
    viewer: GrantViewer,
    { clientId, grantId }: GrantsOfApp,
  ): Promise<number> {
    const ofCard = grantId === undefined ? '' : ` AND ${isOfCard('$6')}`;
    return this.endWithContinuations(
      environment,
      viewer,
      `client_id = $5${ofCard}`,
      grantId === undefined ? [clientId] : [clientId, grantId],
    );
  }

  /** Revokes all grants that a member gave, and those that representatives gave for the member's records. */
  endAllOf(environment: Environment, viewer: GrantViewer): Promise<number> {
    return this.endWithContinuations(environment, viewer, 'true', []);
  }

  /**
   * Revokes grants, and the grants that continue them. A continuation locks the standing grant, so the first
   * pass waits for it without seeing its row. The second pass sees it, and no other continuation can follow.
   * @param condition on the grants, whose parameters begin at `$5`
   */
  private async endWithContinuations(
    environment: Environment,
    viewer: GrantViewer,
    condition: string,
    parameters: unknown[],
  ): Promise<number> {
    const visible = `environment = $2 AND ${isVisibleTo('$3', '$4')} AND ${condition}`;
    const pass = () =>
      this.end(visible, [environment, viewer.sub, viewer.patient, ...parameters], 'member', viewer.sub);
    const first = await pass();
    return first === 0 ? 0 : first + (await pass());
  }

  /**
   * Moves the expiry of an app's grants to an earlier date. A grant that already expires earlier stays
   * unchanged. {@link endExpired} publishes the expiry when it comes, so that services refuse tokens with a
   * later expiry.
   * @returns how many grants were shortened
   */
  async shortenOfApp(
    environment: Environment,
    sub: string,
    { clientId, grantId }: GrantsOfApp,
    end: Date,
  ): Promise<number> {
    const events = await this.source.transaction(async (manager) => {
      const shortened = await rowsOf<GrantRow>(
        manager,
        `UPDATE app_grant SET expires_at = $4, granted_until = coalesce(granted_until, expires_at)
         WHERE environment = $1 AND sub = $2 AND client_id = $3 AND status <> 'revoked' AND expires_at > $4
           AND ${grantId === undefined ? 'true' : isOfCard('$5')}
         RETURNING *`,
        [environment, sub, clientId, end, ...(grantId === undefined ? [] : [grantId])],
      );
      if (shortened.length === 0) return [];
      const facts = shortened.map((row) => actOfMember('grant-shortened', row));
      const events = newEvents('grant-shortened', shortened.map(shorteningOf));
      await recordAndTellAudit(manager, 'consent', facts, events);
      return events;
    });
    await whenRelayed(this.source, events);
    return events.length;
  }

  /** Revokes the grants whose time is over, or whose member may not act for the patient any more. */
  async endExpired(): Promise<number> {
    // Each statement excludes the rows of the other: a time may come between the two.
    const endsWithRight = 'coalesce(right_ends_at <= expires_at, false)';
    const ended = await this.end(`expires_at <= now() AND ${endsWithRight}`, [], 'right-ended');
    return ended + (await this.end(`expires_at <= now() AND NOT ${endsWithRight}`, [], 'expired'));
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
   * All grants that a member may see, newest first, with the last use and the number of requests of each.
   * Names are those that the environment shows (`asReviewed` of libs/smart).
   */
  ofMember(environment: Environment, viewer: GrantViewer): Promise<ListedGrant[]> {
    return rowsOf<ListedGrant>(
      this.source,
      `SELECT g.*, coalesce(app.shown->>'client_name', g.client_name) AS client_name,
              CASE WHEN app.client_id IS NULL THEN g.organization ELSE app.shown->>'organization' END AS organization,
              coalesce(app.state->>'status' = 'suspended', false) AS is_suspended,
              logo.bytes IS NOT NULL AS has_logo, g.sub <> $2 AS is_given_by_other, used.last_used, used.requests
       FROM (SELECT * FROM app_grant
             WHERE environment = $1 AND ${isVisibleTo('$2', '$3')} ORDER BY created_at DESC LIMIT 500) g
         LEFT JOIN ${shownApps(environment)} app ON app.client_id = g.client_id
         LEFT JOIN ${logoOfApp}
         CROSS JOIN LATERAL (SELECT max(last_at) AS last_used, coalesce(sum(requests), 0)::text AS requests
                             FROM grant_use WHERE grant_use.grant_id = g.grant_id) used
       ORDER BY g.created_at DESC`,
      [environment, viewer.sub, viewer.patient],
    );
  }
}

const idsOf = (rows: readonly GrantRow[]) => rows.map(({ grant_id }) => grant_id);

/** SQL condition: the grant is for the same patient and by the same member as a named grant. */
const isOfCard = (grantId: string): string =>
  `(patient, sub) = (SELECT named.patient, named.sub FROM app_grant named WHERE named.grant_id = ${grantId})`;
