import { newEvents } from '@payer/events';
import { recordAndTellAudit, rowsOf } from '@payer/service';
import { accessTokenLifetime, type CloudEvent, type Environment, type TokenRevocation } from '@payer/smart';
import type { EntityManager } from 'typeorm';

/** Seconds: no token of an ended grant is issued later than this after its end, whatever requests are under way. */
const inFlight = 300;

/**
 * Ends a grant here: its codes, refresh tokens and the grant itself go, and a mark stays so that nothing that arrives later brings it
 * back.
 * @returns false when it had ended before
 */
export async function endGrant(
  manager: EntityManager,
  environment: Environment,
  grantId: string,
): Promise<boolean> {
  const rows = await rowsOf(
    manager,
    'INSERT INTO ended_grant (grant_id, environment) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING grant_id',
    [grantId, environment],
  );
  await manager.query('DELETE FROM oidc_artifact WHERE environment = $1 AND grant_id = $2', [
    environment,
    grantId,
  ]);
  return rows.length > 0;
}

/** Ends a grant on our own account, and tells the others in the same transaction. @returns what it told, if it had not ended before */
export async function endGrantAndTell(
  manager: EntityManager,
  grant: { environment: Environment; grantId: string; clientId: string; reason: TokenRevocation['reason'] },
): Promise<CloudEvent | undefined> {
  if (!(await endGrant(manager, grant.environment, grant.grantId))) return undefined;
  const now = Date.now();
  const [event] = newEvents('token-revoked', [
    {
      id: grant.grantId,
      version: now,
      environment: grant.environment,
      client_id: grant.clientId,
      jti: null,
      grant_id: grant.grantId,
      issued_before: new Date(now + inFlight * 1000).toISOString(),
      expires_at: new Date(now + (inFlight + accessTokenLifetime) * 1000).toISOString(),
      reason: grant.reason,
      ends_grant: true,
    },
  ]);
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
