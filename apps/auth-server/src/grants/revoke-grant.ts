import { newEvents } from '@payer/events';
import { readRows, recordAndTellAudit, rowsOf } from '@payer/service';
import type { CloudEvent, Environment, GrantEnd, TokenRevocation } from '@payer/smart';
import type { DataSource, EntityManager } from 'typeorm';
import { grantEnd } from './token-revocation.js';

/** Days for which the tokens of an ended grant are kept, so that a refusal can say why the grant ended. */
export const daysAfterEnd = 30;

/**
 * Revokes a grant in this service. Without the grant itself, its codes and refresh tokens give nothing. They
 * are kept for some time, so that the next refresh says why the grant ended. A mark stays, so that a late
 * write cannot restore the grant.
 * @param own the reason, if this service revoked the grant; the revocation is then a fact of this service's
 * feed
 * @returns the instant of the revocation, or undefined when the grant was revoked before
 */
export async function removeGrant(
  manager: EntityManager,
  environment: Environment,
  grantId: string,
  cause: GrantEnd | null,
  own?: { clientId: string; reason: TokenRevocation['reason'] },
): Promise<Date | undefined> {
  const [row] = await rowsOf<{ ended_at: Date }>(
    manager,
    `INSERT INTO ended_grant (grant_id, environment, client_id, reason, cause, ended_at)
     VALUES ($1, $2, $3, $4, $5, date_trunc('milliseconds', clock_timestamp()))
     ON CONFLICT DO NOTHING RETURNING ended_at`,
    [grantId, environment, own?.clientId ?? null, own?.reason ?? null, cause],
  );
  await manager.query(
    `DELETE FROM oidc_artifact
     WHERE environment = $1 AND grant_id = $2 AND model NOT IN ('AuthorizationCode', 'RefreshToken')`,
    [environment, grantId],
  );
  await manager.query(
    `UPDATE oidc_artifact SET expires_at = now() + interval '${daysAfterEnd} days'
     WHERE environment = $1 AND grant_id = $2 AND expires_at > now() + interval '${daysAfterEnd} days'`,
    [environment, grantId],
  );
  return row?.ended_at;
}

/**
 * Revokes a grant by this service's own decision, and publishes the revocation in the same transaction.
 * @returns the event, unless the grant was revoked before
 */
export async function revokeGrant(
  manager: EntityManager,
  grant: { environment: Environment; grantId: string; clientId: string; reason: TokenRevocation['reason'] },
): Promise<CloudEvent | undefined> {
  const endedAt = await removeGrant(manager, grant.environment, grant.grantId, grant.reason, grant);
  if (!endedAt) return undefined;
  const [event] = newEvents('token-revoked', [grantEnd({ ...grant, endedAt })]);
  const fact = {
    action: 'grant-ended' as const,
    ...(grant.reason === 'right-ended' || grant.reason === 'restore'
      ? { actor_role: 'system' as const, actor: null }
      : { actor_role: 'app' as const, actor: grant.clientId }),
    environment: grant.environment,
    client_id: grant.clientId,
    grant_id: grant.grantId,
    detail: { reason: grant.reason },
  };
  await recordAndTellAudit(manager, 'auth-server', [fact], [event!]);
  return event;
}

export async function grantHasEnded(source: DataSource, grantId: string): Promise<boolean> {
  const text = 'SELECT 1 FROM ended_grant WHERE grant_id = $1';
  return (await readRows(source, 'grant-has-ended', text, [grantId])).length > 0;
}
