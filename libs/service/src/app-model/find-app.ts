import { appState, type AppState } from '@payer/smart';
import { DataSource } from 'typeorm';
import { rowsOf, type Queryable } from '../database/rows-of.js';
import { readRows } from '../database/prepared.js';

/** The last published state of the app; undefined when the app is unknown. */
export async function findApp(db: Queryable, clientId: string): Promise<AppState | undefined> {
  const text = 'SELECT state FROM app_model WHERE client_id = $1';
  const [row] =
    db instanceof DataSource
      ? await readRows<{ state: unknown }>(db, 'find-app', text, [clientId])
      : await rowsOf<{ state: unknown }>(db, text, [clientId]);
  return row && appState.parse(row.state);
}
