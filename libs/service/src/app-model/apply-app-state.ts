import type { AppState } from '@payer/smart';
import { rowsOf, type Queryable } from '../database/rows-of.js';

/**
 * Channel on which PostgreSQL notifies every replica of a committed change. The payload is the `client_id`,
 * or empty when many apps have changed.
 */
export const appModelChannel = 'app_model';

/**
 * Copies an app's state from an event into the service's own table if it is newer than the stored state, and
 * notifies {@link appModelChannel}.
 * @returns whether it was newer
 */
export async function applyAppState(db: Queryable, state: AppState): Promise<boolean> {
  const rows = await rowsOf<{ client_id: string }>(
    db,
    `WITH newer AS (
       INSERT INTO app_model (client_id, version, state) VALUES ($1, $2, $3)
       ON CONFLICT (client_id) DO UPDATE SET version = excluded.version, state = excluded.state
       WHERE app_model.version < excluded.version
       RETURNING client_id
     )
     SELECT client_id, pg_notify('${appModelChannel}', client_id) FROM newer`,
    [state.client_id, state.version, JSON.stringify(state)],
  );
  return rows.length > 0;
}

/** Deletes all other apps: registration, restored from a backup, does not know them. */
export async function forgetAppsExcept(db: Queryable, clientIds: ReadonlySet<string>): Promise<void> {
  await db.query(
    `WITH forgotten AS (DELETE FROM app_model WHERE client_id <> ALL($1) RETURNING 1)
     SELECT pg_notify('${appModelChannel}', '') FROM forgotten LIMIT 1`,
    [[...clientIds]],
  );
}
