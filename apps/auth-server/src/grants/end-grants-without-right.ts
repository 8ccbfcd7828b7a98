import { wakeRelays } from '@payer/events';
import { rowsOf } from '@payer/service';
import { connectedAppsClientId, type Environment } from '@payer/smart';
import type { DataSource, EntityManager } from 'typeorm';
import { revokeGrant } from './revoke-grant.js';
import { deleteEnded } from '../representation/representations.js';

/**
 * Revokes the grants of these members for patients for whom they may not act any more: the right was deleted,
 * has ended or names another RelatedPerson, the member's own patient id has changed, or the member is gone.
 * @returns the number of revoked grants
 */
export async function endGrantsWithoutRight(
  manager: EntityManager,
  environment: Environment,
  subs: readonly string[],
): Promise<number> {
  if (subs.length === 0) return 0;
  const grants = await rowsOf<{ grant_id: string; client_id: string }>(
    manager,
    `SELECT held.grant_id, held.payload->>'clientId' AS client_id FROM oidc_artifact held
     WHERE held.model = 'Grant' AND held.environment = $1 AND held.payload->>'accountId' = ANY($2)
       AND held.payload->>'clientId' <> $3
       AND CASE
         WHEN held.payload ? 'relatedPerson' THEN NOT EXISTS (
           SELECT 1 FROM representation given
           WHERE given.environment = $1 AND given.sub = held.payload->>'accountId'
             AND given.patient = held.payload->>'patient'
             AND given.related_person = held.payload->>'relatedPerson'
             AND (given.ends_at IS NULL OR given.ends_at > now()))
         ELSE NOT EXISTS (
           SELECT 1 FROM member
           WHERE member.environment = $1 AND member.sub = held.payload->>'accountId'
             -- A grant of an earlier version names no patient.
             AND member.patient = coalesce(held.payload->>'patient', member.patient))
       END
     ORDER BY held.grant_id`,
    [environment, subs, connectedAppsClientId],
  );
  for (const { grant_id: grantId, client_id: clientId } of grants)
    await revokeGrant(manager, { environment, grantId, clientId, reason: 'right-ended' });
  return grants.length;
}

/** Scheduled job: deletes the rights whose end has come, and revokes their grants in the same transaction. */
export async function endRights(source: DataSource): Promise<void> {
  const ended = await source.transaction(async (manager) => {
    const members = await deleteEnded(manager);
    for (const { environment, sub } of members) await endGrantsWithoutRight(manager, environment, [sub]);
    return members.length;
  });
  if (ended > 0) wakeRelays();
}
