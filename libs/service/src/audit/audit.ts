import { randomUUID } from 'node:crypto';
import { newEvents, outboxColumns, traceIdOf } from '@payer/events';
import type { ActorRole, auditActions, AuditEntry, CloudEvent, Environment } from '@payer/smart';
import type { Queryable } from '../database/database.js';
import { currentRequestId } from '../tracing/request-context.js';

type Service = keyof typeof auditActions;

/** An act as who does it tells it; what is left out is null. */
export interface AuditFact<S extends Service> {
  action: (typeof auditActions)[S][number];
  actor_role: ActorRole;
  actor: string | null;
  environment?: Environment;
  client_id?: string | null;
  grant_id?: string | null;
  sub?: string | null;
  detail?: Record<string, unknown>;
}

function entryOf<S extends Service>(service: S, fact: AuditFact<S>): AuditEntry {
  return {
    id: randomUUID(),
    version: 1,
    at: new Date().toISOString(),
    service,
    action: fact.action,
    actor_role: fact.actor_role,
    actor: fact.actor,
    environment: fact.environment ?? null,
    client_id: fact.client_id ?? null,
    grant_id: fact.grant_id ?? null,
    sub: fact.sub ?? null,
    request_id: currentRequestId() ?? null,
    trace_id: traceIdOf() ?? null,
    detail: fact.detail ?? {},
  };
}

/** Adds entries, given as a JSON array in `$1`; one that is kept already stays as it is. */
const insertEntries = `
  INSERT INTO audit_entry (id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub,
                           request_id, trace_id, detail)
  SELECT id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub, request_id, trace_id, detail
  FROM jsonb_populate_recordset(NULL::audit_entry, $1::jsonb) ON CONFLICT (id) DO NOTHING`;

/**
 * Writes an act into the service's own trail, in the transaction that does it: there is no act without its entry, and no
 * entry without its act. The request and the trace it belongs to are those of the running code.
 */
export async function recordAudit<S extends Service>(
  db: Queryable,
  service: S,
  fact: AuditFact<S>,
): Promise<void> {
  await keepAuditEntry(db, entryOf(service, fact));
}

/**
 * As {@link recordAudit}, and tells the acts (`audit-recorded`), so that the platform team finds them in one place. Who waits
 * for the transaction waits for one statement, with whatever else has to be told of the acts.
 * @param events of {@link newEvents}; they go into the outbox first
 */
export async function recordAndTellAudit<S extends Service>(
  db: Queryable,
  service: S,
  facts: readonly AuditFact<S>[],
  events: readonly CloudEvent[] = [],
): Promise<void> {
  const entries = facts.map((fact) => entryOf(service, fact));
  await db.query(
    `WITH kept AS (${insertEntries})
     INSERT INTO outbox (event_id, event) SELECT * FROM unnest($2::uuid[], $3::jsonb[])`,
    [JSON.stringify(entries), ...outboxColumns([...events, ...newEvents('audit-recorded', entries)])],
  );
}

/** Keeps an entry that another service told. */
export async function keepAuditEntry(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(insertEntries, [JSON.stringify([entry])]);
}
