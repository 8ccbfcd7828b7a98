import { queryRows, type FactsOwner, type JournaledEvent } from '@payer/events';
import { dropKeysAgain, keepAuditEntry, keyDropped } from '@payer/service';
import type { AuditEntry, GrantState } from '@payer/smart';
import type { GrantRow } from '../grants/grants.js';
import { endedGrants } from './ended-grants.js';

const day = 24 * 3600_000;

const isGrant = ({ type }: JournaledEvent) => type === 'grant-created' || type === 'grant-revoked';
const isAudit = ({ type }: JournaledEvent) => type === 'audit-recorded';

/**
 * The audit entry of a shortened grant. The event `grant-shortened` reports the new expiry, too, but the
 * journal does not keep that event.
 */
const isShortening = (event: JournaledEvent) =>
  isAudit(event) && (event.data as AuditEntry).action === 'grant-shortened';
const shortenedUntil = (event: JournaledEvent) => String((event.data as AuditEntry).detail.until);

/** The final state of each grant in the journal. A revocation is final, whatever comes after it. */
function newestOf(events: readonly JournaledEvent[]): GrantState[] {
  const newest = new Map<string, GrantState>();
  for (const event of events.filter(isGrant)) {
    const state = event.data as GrantState;
    if (newest.get(state.grant_id)?.status !== 'revoked') newest.set(state.grant_id, state);
  }
  return [...newest.values()];
}

/** Restores grants and their audit entries after a restore of the database (decision 26). */
export const grantRecovery: FactsOwner = {
  service: 'consent',
  source: endedGrants as FactsOwner['source'],

  isJournaled: (event) => isGrant(event) || isAudit(event) || event.type === keyDropped,

  /**
   * Revokes the grants that the journal revokes, and adds the grants that the database does not know. A
   * revoked grant is added, too: its member sees it among the past grants, and no service can mistake it for
   * a live grant.
   */
  async apply(client, events) {
    await client.query(
      `INSERT INTO app_grant (grant_id, version, environment, sub, patient, client_id, client_name, organization, logo_uri,
                              related_person, scope, sensitive, status, created_at, expires_at, revoked_at, revoked_reason)
       SELECT given.grant_id, given.version, given.environment, given.sub, given.patient, given.client_id,
              coalesce(app.state->>'client_name', given.client_id), app.state->>'organization', app.state->>'logo_uri',
              given.related_person, given.scope, coalesce(given.sensitive, '{}'), given.status, given.created_at, given.expires_at, given.revoked_at, given.revoked_reason
       FROM jsonb_populate_recordset(NULL::app_grant, $1::jsonb) given
         LEFT JOIN app_model app ON app.client_id = given.client_id
       ON CONFLICT (grant_id) DO UPDATE SET status = excluded.status, revoked_at = excluded.revoked_at,
         revoked_reason = excluded.revoked_reason, version = greatest(app_grant.version, excluded.version)
       WHERE (app_grant.status <> 'revoked' AND excluded.status = 'revoked')
         OR (app_grant.status = 'pending' AND excluded.status = 'active')`,
      [JSON.stringify(newestOf(events))],
    );
    await shortenAgain(client, events.filter(isShortening));
    await dropKeysAgain(client, events);
    const entries = events.filter(isAudit);
    for (const { data } of entries) await keepAuditEntry(client as never, data as AuditEntry);
    // Registration may have lost these entries from its audit trail, too. It stores a repeated entry once.
    await client.query(
      `INSERT INTO outbox (event_id, event) SELECT * FROM unnest($1::uuid[], $2::jsonb[]) ON CONFLICT DO NOTHING`,
      [entries.map(({ id }) => id), entries.map(publishedAgain)],
    );
  },

  /** A member may have signed out of a session, and a pending consent request may have been decided. */
  async forgetUnconfirmed(client) {
    await client.query('DELETE FROM session');
    await client.query('DELETE FROM pending_consent');
  },

  async endAll(client, confirmed) {
    const ended = await queryRows<GrantRow>(
      client,
      `UPDATE app_grant SET status = 'revoked', version = version + 1,
         revoked_at = date_trunc('milliseconds', clock_timestamp()), revoked_reason = 'restore'
       WHERE status <> 'revoked' AND grant_id <> ALL($1) RETURNING *`,
      [[...confirmed]],
    );
    await grantRecovery.forgetUnconfirmed(client);
    const ids = [...confirmed];
    const spared = await queryRows(
      client,
      `SELECT 1 FROM app_grant WHERE status <> 'revoked' AND grant_id = ANY($1)`,
      [ids],
    );
    return [
      ...(ids.length > 0
        ? [`${spared.length} of ${ids.length} confirmed ids are active grants, which stay`]
        : []),
      `${ended.length} active grants have ended; their members can connect the apps again`,
    ];
  },

  isNeeded: (event) =>
    event.type === keyDropped ||
    (isShortening(event) && Date.parse(shortenedUntil(event)) > Date.now() - day) ||
    (isGrant(event) && Date.parse((event.data as GrantState).expires_at) > Date.now() - day),

  async missing(client, events) {
    const states = newestOf(events);
    const rows = await queryRows<Pick<GrantRow, 'grant_id' | 'status'>>(
      client,
      'SELECT grant_id, status FROM app_grant WHERE grant_id = ANY($1)',
      [states.map(({ grant_id }) => grant_id)],
    );
    const known = new Map(rows.map(({ grant_id, status }) => [grant_id, status]));
    return states
      .filter(({ grant_id, status }) => known.get(grant_id) !== 'revoked' && known.get(grant_id) !== status)
      .map(({ grant_id, status, revoked_at }) =>
        status === 'revoked'
          ? `grant ${grant_id} ended at ${revoked_at}, the database has it ${known.get(grant_id) ?? 'not at all'}`
          : `grant ${grant_id} is not in the database`,
      );
  },
};

/** Applies again the earlier expiries that members chose since the backup. */
async function shortenAgain(
  client: Parameters<FactsOwner['apply']>[0],
  events: JournaledEvent[],
): Promise<void> {
  for (const event of events)
    await client.query(
      `UPDATE app_grant SET expires_at = $2, granted_until = coalesce(granted_until, expires_at)
       WHERE grant_id = $1 AND expires_at > $2`,
      [(event.data as AuditEntry).grant_id, shortenedUntil(event)],
    );
}

/** The original event. The journal omits the envelope attributes that are the same for all events. */
function publishedAgain(event: JournaledEvent): string {
  return JSON.stringify({
    specversion: '1.0',
    source: '/consent',
    datacontenttype: 'application/json',
    ...event,
  });
}
