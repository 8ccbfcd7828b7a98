import { rowsOf, type Queryable } from '@payer/service';

export const auditActions = [
  'developer-signed-up',
  'app-registered',
  'app-updated',
  'app-deleted',
  'secret-replaced',
  'plan-subscribed',
  'production-requested',
  'production-approved',
  'production-rejected',
  'app-suspended',
  'app-reinstated',
  'initial-access-token-issued',
] as const;
export type AuditAction = (typeof auditActions)[number];

export interface AuditEntry {
  at: Date;
  /** Email of who did it. */
  actor: string;
  action: AuditAction;
  client_id: string | null;
  detail: Record<string, unknown>;
}

/** Records an act in the transaction that does it: there is no act without its record, and no record without its act. */
export async function recordAudit(db: Queryable, entry: Omit<AuditEntry, 'at'>): Promise<void> {
  await db.query('INSERT INTO audit (actor, action, client_id, detail) VALUES ($1, $2, $3, $4)', [
    entry.actor,
    entry.action,
    entry.client_id,
    JSON.stringify(entry.detail),
  ]);
}

/** The newest entries first, of one app when `clientId` is given. */
export function readAudit(db: Queryable, clientId: string | undefined, limit: number): Promise<AuditEntry[]> {
  return rowsOf<AuditEntry>(
    db,
    `SELECT at, actor, action, client_id, detail FROM audit
     WHERE $1::text IS NULL OR client_id = $1 ORDER BY id DESC LIMIT $2`,
    [clientId ?? null, limit],
  );
}
