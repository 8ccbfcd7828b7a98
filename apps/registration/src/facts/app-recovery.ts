import { queryRows, type FactsOwner, type JournaledEvent, type Queries } from '@payer/events';
import { appEventTypes, isUploadedLogo, type AppState } from '@payer/smart';
import { needsApproval } from '../apps/app-state.js';
import { appFacts } from './app-facts.js';

const appEvents: ReadonlySet<string> = new Set(appEventTypes);

/** Shown to the platform team for an app that only the journal knows. */
const unknownReason =
  'Restored from the journal: the database was restored to a day before the app was registered. Its owner is unknown; ' +
  'reinstate it when you know who that is, or let the developer register the app again.';
/** Shown to the developer of an app that nobody has confirmed since a restore without a journal. */
const unconfirmedReason =
  'Our records were restored from a backup, and we do not know whether the app was suspended since. ' +
  'The platform team reinstates it; then replace the client secret.';

function newestOf(events: readonly JournaledEvent[]): AppState[] {
  const newest = new Map<string, AppState>();
  for (const event of events.filter(({ type }) => appEvents.has(type))) {
    const state = event.data as AppState;
    if (state.version >= (newest.get(state.client_id)?.version ?? 0)) newest.set(state.client_id, state);
  }
  return [...newest.values()];
}

/** Restores apps after a restore of the database (decision 26). */
export const appRecovery: FactsOwner = {
  service: 'registration',
  source: appFacts as FactsOwner['source'],

  isJournaled: ({ type }) => appEvents.has(type),

  /**
   * The journal's newest state of an app wins. Its version rises above every version in the journal, so that
   * an interrupted recovery applies it once.
   */
  async apply(client, events) {
    const states = newestOf(events);
    const known = await versionsOf(client, states);
    for (const state of states) {
      const version = known.get(state.client_id);
      if (version === undefined) await addUnknown(client, state);
      else if (state.version > version) await restoreState(client, state);
      else continue;
      await restoreSecrets(client, state);
    }
  },

  /** Whatever signs in or admits may have been ended since the backup: the journal does not hold it. */
  async forgetUnconfirmed(client) {
    await client.query('DELETE FROM session');
    await client.query('DELETE FROM initial_access_token');
    await client.query(
      'UPDATE app SET registration_token_sha256 = NULL WHERE registration_token_sha256 IS NOT NULL',
    );
    await client.query('UPDATE organization_invitation SET closed_at = now() WHERE closed_at IS NULL');
    await client.query('DELETE FROM passkey');
  },

  // No app changes 1000 times between its last state in the journal, or in the backup, and a restore.
  async raiseVersions(client) {
    await client.query('UPDATE app SET version = version + 1000');
  },

  async endAll(client, confirmed) {
    const ids = [...confirmed];
    const suspended = await queryRows(
      client,
      `UPDATE app SET status = 'suspended', suspended_at = now(), suspended_reason = $2
       WHERE status = 'active' AND client_id <> ALL($1) RETURNING 1`,
      [ids, unconfirmedReason],
    );
    const secrets = await queryRows(
      client,
      `DELETE FROM app_secret WHERE client_id <> ALL($1) AND (expires_at IS NULL OR expires_at > now()) RETURNING 1`,
      [ids],
    );
    await client.query('UPDATE app SET tokens_valid_from = now(), updated_at = now()');
    await appRecovery.raiseVersions?.(client);
    await appRecovery.forgetUnconfirmed(client);
    const spared = await queryRows(
      client,
      `SELECT 1 FROM app WHERE status = 'active' AND client_id = ANY($1)`,
      [ids],
    );
    return [
      ...(ids.length > 0
        ? [`${spared.length} of ${ids.length} confirmed ids are active apps, which stay`]
        : []),
      `${suspended.length} apps are suspended until the platform team reinstates them`,
      `${secrets.length} client secrets are worth nothing; developers make new ones in the portal`,
    ];
  },

  isNeeded: (event, isNewest) => isNewest && appEvents.has(event.type),

  async missing(client, events) {
    const states = newestOf(events);
    const known = await versionsOf(client, states);
    return states
      .filter(({ client_id, version }) => version > (known.get(client_id) ?? 0))
      .map(({ client_id, version, status }) =>
        known.has(client_id)
          ? `app ${client_id} was ${status} at version ${version}, the database has version ${known.get(client_id)}`
          : `app ${client_id} (${status}) is not in the database`,
      );
  },
};

async function versionsOf(client: Queries, states: readonly AppState[]): Promise<Map<string, number>> {
  const rows = await queryRows<{ client_id: string; version: number }>(
    client,
    'SELECT client_id, version FROM app WHERE client_id = ANY($1)',
    [states.map(({ client_id }) => client_id)],
  );
  return new Map(rows.map(({ client_id, version }) => [client_id, version]));
}

/** An uploaded logo comes from the backup. Its address in the event is no `logo_uri` of the developer. */
async function restoreState(client: Queries, state: AppState): Promise<void> {
  await client.query(
    `UPDATE app SET version = $2 + 1, client_name = $3, redirect_uris = $4, client_uri = $5,
       logo_uri = CASE WHEN $21 THEN logo_uri ELSE $6 END, policy_uri = $7,
       tos_uri = $8, require_pkce = $9, plan = $10, status = $11, tokens_valid_from = $12,
       suspended_at = CASE WHEN $11 = 'suspended' THEN coalesce(suspended_at, $12, now()) END,
       suspended_reason = CASE WHEN $11 = 'suspended' THEN coalesce(suspended_reason, 'See the audit trail.') END,
       approved_at = CASE WHEN $11 <> 'active' THEN approved_at WHEN $13 THEN coalesce(approved_at, now()) END,
       reviewed = $14, attested_at = CASE WHEN $15 THEN coalesce(attested_at, now()) END,
       token_endpoint_auth_method = $16, jwks = $17, jwks_uri = $18,
       require_pushed_authorization_requests = $19, dpop_bound_access_tokens = $20, post_logout_redirect_uris = $22, updated_at = now()
     WHERE client_id = $1`,
    [
      ...columnsOf(state),
      state.environments.some(needsApproval),
      state.reviewed ? JSON.stringify(state.reviewed) : null,
      state.attested ?? false,
      ...authenticationOf(state),
      isUploadedLogo(state.logo_uri),
      state.post_logout_redirect_uris ?? [],
    ],
  );
}

/**
 * Adds an app whose owner was lost with the database. The app is suspended, so it works for nobody, and every
 * consumer learns the suspension.
 */
async function addUnknown(client: Queries, state: AppState): Promise<void> {
  const [platform] = await queryRows<{ id: string }>(
    client,
    "SELECT id FROM account WHERE role = 'platform' ORDER BY created_at LIMIT 1",
  );
  if (!platform) return;
  const status = state.status === 'deleted' ? 'deleted' : 'suspended';
  await client.query(
    `INSERT INTO app (client_id, version, client_name, redirect_uris, client_uri, logo_uri, policy_uri, tos_uri, require_pkce,
                      plan, status, tokens_valid_from, owner_id, contacts, approved_at, suspended_at, suspended_reason,
                      reviewed, attested_at, token_endpoint_auth_method, jwks, jwks_uri,
                      require_pushed_authorization_requests, dpop_bound_access_tokens,
                      post_logout_redirect_uris)
     VALUES ($1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), $12, '{}', $13, now(), $14, $15,
             CASE WHEN $16 THEN now() END, $17, $18, $19, $20, $21, $22)`,
    [
      ...columnsOf(state).slice(0, 10),
      status,
      platform.id,
      state.environments.some(needsApproval) ? new Date() : null,
      status === 'suspended' ? unknownReason : null,
      state.reviewed ? JSON.stringify(state.reviewed) : null,
      state.attested ?? false,
      ...authenticationOf(state),
      state.post_logout_redirect_uris ?? [],
    ],
  );
}

/**
 * The columns of client authentication and of the switches beside it. An event from before version 0.2 lacks
 * them.
 */
function authenticationOf(state: AppState): unknown[] {
  const { token_endpoint_auth_method: method = 'client_secret_basic', jwks, jwks_uri = null } = state;
  return [
    method,
    jwks ? JSON.stringify(jwks) : null,
    jwks_uri,
    state.require_pushed_authorization_requests ?? false,
    state.dpop_bound_access_tokens ?? false,
  ];
}

function columnsOf(state: AppState): unknown[] {
  return [
    state.client_id,
    state.version,
    state.client_name,
    state.redirect_uris,
    state.client_uri ?? null,
    isUploadedLogo(state.logo_uri) ? null : (state.logo_uri ?? null),
    state.policy_uri ?? null,
    state.tos_uri ?? null,
    state.require_pkce,
    state.plan,
    state.status,
    state.tokens_valid_from,
  ];
}

/**
 * Restores the secrets of the journal. The newest secret gets the highest id. A replaced secret stays
 * invalid.
 */
async function restoreSecrets(client: Queries, { client_id, secrets }: AppState): Promise<void> {
  await client.query('DELETE FROM app_secret WHERE client_id = $1', [client_id]);
  for (const { sha256, expires_at } of [...secrets].reverse())
    await client.query(
      'INSERT INTO app_secret (client_id, sha256, created_at, expires_at) VALUES ($1, $2, now(), $3)',
      [client_id, sha256, expires_at],
    );
}
