import { randomUUID } from 'node:crypto';
import { newEvents, outboxColumns, traceIdOf } from '@payer/events';
import type { ActorRole, auditActions, AuditEntry, CloudEvent, Environment } from '@payer/smart';
import type { Queryable } from '../database/rows-of.js';
import { currentRequestId } from '../tracing/request-context.js';

type Service = keyof typeof auditActions;

/** An act as its actor reports it; absent members are null in the entry. */
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

/** Adds the entries of the JSON array in `$1`. An existing entry stays unchanged. */
const insertEntries = `
  INSERT INTO audit_entry (id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub,
                           request_id, trace_id, detail)
  SELECT id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub, request_id, trace_id, detail
  FROM jsonb_populate_recordset(NULL::audit_entry, $1::jsonb) ON CONFLICT (id) DO NOTHING`;

/**
 * Writes an act into the service's own audit trail, in the transaction of the act. So every act has its
 * entry, and every entry its act. The entry takes the request id and the trace id of the running code.
 */
export async function recordAudit<S extends Service>(
  db: Queryable,
  service: S,
  fact: AuditFact<S>,
): Promise<void> {
  await keepAuditEntry(db, entryOf(service, fact));
}

/**
 * Like {@link recordAudit}, and publishes the acts (`audit-recorded`), so that the platform team finds all
 * acts in one place. One statement writes the entries and all events, to keep the wait short.
 * @param events from {@link newEvents}; they enter the outbox first
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

/** Stores an audit entry. */
export async function keepAuditEntry(db: Queryable, entry: AuditEntry): Promise<void> {
  await keepAuditEntries(db, [entry]);
}

/** Stores audit entries with one statement. */
export async function keepAuditEntries(db: Queryable, entries: readonly AuditEntry[]): Promise<void> {
  await db.query(insertEntries, [JSON.stringify(entries)]);
}
