import type { ActorRole, Relationship } from '@payer/smart';
import type { EndReason, GrantRow } from './grants.js';

/** The audit entry of a member's act about a grant. */
export function actOfMember(action: 'grant-allowed' | 'grant-created' | 'grant-shortened', row: GrantRow) {
  return {
    action,
    actor_role: 'member' as const,
    actor: row.sub,
    ...subjectOf(row),
    grant_id: row.grant_id,
    detail: { until: row.expires_at.toISOString(), scope: row.scope, ...actsFor(row) },
  };
}

/** The patient for whom a representative acted, for the detail of an audit entry. Empty for own records. */
export function actsFor(acted: {
  patient: string;
  related_person?: string | null;
  relationship?: Relationship | null;
}): Record<string, unknown> {
  const { patient, related_person, relationship } = acted;
  return related_person ? { acts_for: { patient, related_person, relationship } } : {};
}

/** The environment, app and member that an audit entry of a grant names. */
export function subjectOf({
  environment,
  client_id,
  sub,
}: Pick<GrantRow, 'environment' | 'client_id' | 'sub'>) {
  return { environment, client_id, sub };
}

/** The actor who revoked a grant, derived from the reason. */
export function endedBy(row: GrantRow, reason: EndReason): { actor_role: ActorRole; actor: string | null } {
  if (reason === 'member') return { actor_role: 'member', actor: row.ended_by ?? row.sub };
  if (reason === 'app') return { actor_role: 'app', actor: row.client_id };
  if (reason === 'platform' || reason === 'developer') return { actor_role: 'developer', actor: null };
  return { actor_role: 'system', actor: null };
}
