import type { AuditEntry, Environment } from '@payer/smart';
import { rowsOf, type Queryable } from '../database/rows-of.js';
import { isOneOf, pageText, Values, type Bind, type TimeRange } from '../database/time-pages.js';

/** Conditions on audit entries; an entry must match all given conditions. */
export interface AuditFilter extends TimeRange {
  /** The entry's app is one of these. */
  client_id?: readonly string[] | undefined;
  grant_id?: string | undefined;
  /** The entry concerns one of these members (`sub`). */
  member?: readonly string[] | undefined;
  /** The actor, or the member concerned. */
  actor?: string | undefined;
  /** The action. */
  type?: string | undefined;
  environment?: Environment | undefined;
}

/** The last entry of a page; the next page begins after it. */
export interface AuditPosition {
  at: string;
  id: string;
}

/** Matching entries, newest first unless `order` says otherwise. Reads the table of `registration`. */
export async function readAudit(db: Queryable, filter: AuditFilter, limit: number): Promise<AuditEntry[]> {
  const { list, bind } = new Values();
  const text = pageText(
    {
      ...filter,
      table: 'audit_entry',
      columns:
        'id, at, service, action, actor_role, actor, environment, client_id, grant_id, sub, request_id, trace_id, detail',
      ranges: rangesOf(filter, bind),
      others: otherConditions(filter, bind),
      limit,
    },
    'uuid',
    bind,
  );
  const rows = await rowsOf<Omit<AuditEntry, 'at' | 'version'> & { at: Date }>(db, text, list);
  return rows.map((row) => ({ ...row, version: 1, at: row.at.toISOString() }));
}

/** Of the given filters, the one with the fewest entries. */
function rarest({ grant_id, member, actor, client_id, type }: AuditFilter) {
  if (grant_id) return 'grant_id';
  if (member?.length) return 'member';
  if (actor) return 'actor';
  if (client_id?.length) return 'client_id';
  return type ? 'type' : undefined;
}

function rangesOf(filter: AuditFilter, bind: Bind): string[] {
  const { grant_id, member = [], actor, client_id = [], type } = filter;
  switch (rarest(filter)) {
    case 'grant_id':
      return [`grant_id = ${bind(grant_id)}`];
    case 'member':
      return member.map((sub) => `sub = ${bind(sub)}`);
    case 'actor':
      return [`actor = ${bind(actor)}`, `sub = ${bind(actor)} AND actor IS DISTINCT FROM ${bind(actor)}`];
    case 'client_id':
      return client_id.map((id) => `client_id = ${bind(id)}`);
    case 'type':
      return [`action = ${bind(type)}`];
    case undefined:
      return [];
  }
}

function otherConditions(filter: AuditFilter, bind: Bind): string[] {
  const { member = [], actor, client_id = [], type, environment } = filter;
  const by = rarest(filter);
  return [
    ...(member.length > 0 && by !== 'member' ? [isOneOf('sub', member, bind)] : []),
    ...(actor && by !== 'actor' ? [`${bind(actor)} IN (actor || '', sub || '')`] : []),
    ...(client_id.length > 0 && by !== 'client_id' ? [isOneOf('client_id', client_id, bind)] : []),
    ...(type && by !== 'type' ? [isOneOf('action', [type], bind)] : []),
    ...(environment ? [isOneOf('environment', [environment], bind)] : []),
  ];
}
