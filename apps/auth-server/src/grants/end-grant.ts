import { newEvents } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import type { CloudEvent, Environment, TokenRevocation } from '@payer/smart';
import type { EntityManager } from 'typeorm';
import { grantEnd } from '../facts/revocation-facts.js';

/**
 * Ends a grant here: its codes, refresh tokens and the grant itself go, and a mark stays so that nothing that arrives
 * later brings it back.
 * @param own why it ended, when this service ended it; then the end is a fact of this service's feed
 * @returns when it ended, or undefined when it had ended before
 */
export async function endGrant(
  manager: EntityManager,
  environment: Environment,
  grantId: string,
  own?: { clientId: string; reason: TokenRevocation['reason'] },
): Promise<Date | undefined> {
  const [row] = await rowsOf<{ ended_at: Date }>(
    manager,
    `INSERT INTO ended_grant (grant_id, environment, client_id, reason, ended_at)
     VALUES ($1, $2, $3, $4, date_trunc('milliseconds', clock_timestamp())) ON CONFLICT DO NOTHING RETURNING ended_at`,
    [grantId, environment, own?.clientId ?? null, own?.reason ?? null],
  );
  await manager.query('DELETE FROM oidc_artifact WHERE environment = $1 AND grant_id = $2', [
    environment,
    grantId,
  ]);
  return row?.ended_at;
}

/** Ends a grant on our own account, and tells the others in the same transaction. @returns what it told, if it had not ended before */
export async function endGrantAndTell(
  manager: EntityManager,
  grant: { environment: Environment; grantId: string; clientId: string; reason: TokenRevocation['reason'] },
): Promise<CloudEvent | undefined> {
  const endedAt = await endGrant(manager, grant.environment, grant.grantId, grant);
  if (!endedAt) return undefined;
  const [event] = newEvents('token-revoked', [grantEnd({ ...grant, endedAt })]);
  const fact = {
    action: 'grant-ended' as const,
    actor_role: 'app' as const,
    actor: grant.clientId,
    environment: grant.environment,
    client_id: grant.clientId,
    grant_id: grant.grantId,
    detail: { reason: grant.reason },
  };
  await recordAndTellAudit(manager, 'auth-server', [fact], [event!]);
  return event;
}

export async function grantHasEnded(
  manager: Pick<EntityManager, 'query'>,
  grantId: string,
): Promise<boolean> {
  return (await rowsOf(manager, 'SELECT 1 FROM ended_grant WHERE grant_id = $1', [grantId])).length > 0;
}
