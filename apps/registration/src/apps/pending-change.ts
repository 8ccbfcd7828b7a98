import { randomUUID } from 'node:crypto';
import { rowsOf, type Queryable } from '@payer/service';
import type { App } from './app.entity.js';
import { reviewableValues, unreviewedChanges, type ReviewedDifference } from './reviewed-values.js';

/** A change of an approved app that waits for the platform team. */
export interface PendingChange {
  id: string;
  client_id: string;
  changes: ReviewedDifference[];
  created_at: Date;
}

/** A refused change that the app still has in the sandbox. */
export interface RefusedChange {
  changes: ReviewedDifference[];
  note: string | null;
  decided_at: Date;
}

/**
 * Keeps the pending change of an app in step with the app. It runs in the transaction of every change. A
 * difference that the team has refused waits no more until the developer changes the app again.
 */
export async function keepPendingChange(db: Queryable, app: App, organization: string): Promise<void> {
  const isReviewed = app.reviewed && app.status !== 'deleted';
  const changes = isReviewed ? unreviewedChanges(app.reviewed!, reviewableValues(app, organization)) : [];
  const json = JSON.stringify(changes);
  await db.query(
    `UPDATE app_change SET status = 'superseded', decided_at = now()
     WHERE client_id = $1 AND status = 'pending' AND changes <> $2::jsonb`,
    [app.client_id, json],
  );
  await db.query(
    `UPDATE app_change SET closed_at = now()
     WHERE client_id = $1 AND status = 'rejected' AND closed_at IS NULL AND changes <> $2::jsonb`,
    [app.client_id, json],
  );
  if (changes.length === 0) return;
  await db.query(
    `INSERT INTO app_change (id, client_id, status, changes)
     SELECT $1, $2, 'pending', $3::jsonb
     WHERE NOT EXISTS (
       SELECT 1 FROM app_change WHERE client_id = $2
         AND (status = 'pending' OR (status = 'rejected' AND closed_at IS NULL)))`,
    [randomUUID(), app.client_id, json],
  );
}

/** The pending changes of these apps. */
export function pendingChanges(db: Queryable, clientIds: readonly string[]): Promise<PendingChange[]> {
  return rowsOf<PendingChange>(
    db,
    `SELECT id, client_id, changes, created_at FROM app_change
     WHERE client_id = ANY($1) AND status = 'pending'`,
    [clientIds],
  );
}

/** The refused change of an app, if the app still differs from its reviewed values. */
export async function refusedChange(db: Queryable, clientId: string): Promise<RefusedChange | undefined> {
  const [latest] = await rowsOf<RefusedChange>(
    db,
    `SELECT changes, note, decided_at FROM app_change
     WHERE client_id = $1 AND status = 'rejected' AND closed_at IS NULL ORDER BY created_at DESC LIMIT 1`,
    [clientId],
  );
  return latest;
}
