import { appState, type AppState } from '@payer/smart';
import { rowsOf, type Queryable } from './database.js';

/**
 * Takes an app's state from an event into the service's own copy, when it is newer than what is there.
 * @returns whether it was
 */
export async function applyAppState(db: Queryable, state: AppState): Promise<boolean> {
  const rows = await rowsOf<{ client_id: string }>(
    db,
    `INSERT INTO app_model (client_id, version, state) VALUES ($1, $2, $3)
     ON CONFLICT (client_id) DO UPDATE SET version = excluded.version, state = excluded.state
     WHERE app_model.version < excluded.version
     RETURNING client_id`,
    [state.client_id, state.version, JSON.stringify(state)],
  );
  return rows.length > 0;
}

/** Forgets every app but these: registration, restored from a backup, knows no others. */
export async function forgetAppsExcept(db: Queryable, clientIds: ReadonlySet<string>): Promise<void> {
  await db.query('DELETE FROM app_model WHERE client_id <> ALL($1)', [[...clientIds]]);
}

/** The app as last published, or undefined when it is unknown. */
export async function findApp(db: Queryable, clientId: string): Promise<AppState | undefined> {
  const [row] = await rowsOf<{ state: unknown }>(db, 'SELECT state FROM app_model WHERE client_id = $1', [
    clientId,
  ]);
  return row && appState.parse(row.state);
}
