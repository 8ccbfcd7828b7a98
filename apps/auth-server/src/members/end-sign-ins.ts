import type { Queryable, ServiceIdentity } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Config } from '../config.js';

/** Milliseconds that consent may take to end its sessions of a member. */
const consentTimeout = 3000;

/** Seconds: no sign-in goes on for longer. */
const longestSignIn = 3600;

/** Where a session, a code, or a sign-in in progress names its member. */
const namesOneOf = (subs: string) =>
  `(${['{accountId}', '{session,accountId}', '{result,login,accountId}']
    .map((path) => `payload #>> '${path}' = ANY(${subs})`)
    .join(' OR ')})`;

/**
 * Ends the sessions of members in this service, and the sign-ins that have not become a session yet. Grants
 * stay.
 *
 * The order matters: the end of a sign-in is one statement that deletes its interaction and stores its
 * session (`step-rows.ts`). It either waits for the deletion here and then stores nothing, or its session is
 * visible to the next statement here.
 */
export async function endSessions(
  db: Queryable,
  environment: Environment,
  subs: readonly string[],
): Promise<void> {
  await deleteUnused(db, 'Interaction', environment, subs);
  await db.query(
    `DELETE FROM oidc_artifact
     WHERE model = 'Session' AND uid IS NOT NULL AND environment = $1 AND payload->>'accountId' = ANY($2)`,
    [environment, subs],
  );
}

/**
 * Ends the sessions of a member whose password is new, and the sign-ins in progress: somebody who knew the
 * earlier password may have begun them. A sign-in is in progress until its second factor is proved and the
 * app has redeemed its code. Grants stay.
 *
 * The transaction must have locked and changed the row of the member: `MemberPasswords.isCurrent` then lets
 * no other sign-in with the earlier password begin a step.
 */
export async function endSignIns(db: Queryable, environment: Environment, sub: string): Promise<void> {
  await db.query(
    `DELETE FROM oidc_artifact
     WHERE model = 'SecondFactorStep' AND environment = $1 AND payload->>'sub' = $2
       AND expires_at < now() + make_interval(secs => $3)`,
    [environment, sub, longestSignIn],
  );
  await endSessions(db, environment, [sub]);
  await deleteUnused(db, 'AuthorizationCode', environment, [sub]);
}

/** Forgets the sessions that members have at their providers. */
export async function endProviderSessions(
  db: Queryable,
  environment: Environment,
  subs: readonly string[],
): Promise<void> {
  await db.query('DELETE FROM provider_session WHERE environment = $1 AND sub = ANY($2)', [
    environment,
    subs,
  ]);
}

/** Deletes artifacts with a short life. The index over the expiry leaves out most tokens. */
async function deleteUnused(
  db: Queryable,
  model: 'Interaction' | 'AuthorizationCode',
  environment: Environment,
  subs: readonly string[],
): Promise<void> {
  await db.query(
    `DELETE FROM oidc_artifact
     WHERE model = $1 AND expires_at < now() + make_interval(secs => $2) AND consumed_at IS NULL
       AND environment = $3 AND ${namesOneOf('$4')}`,
    [model, longestSignIn, environment, subs],
  );
}

/**
 * Ends the sessions of a member at the connected apps.
 * @throws Error when consent does not answer
 */
export async function endSessionsAtConsent(
  identity: ServiceIdentity,
  config: Pick<Config, 'CONSENT_INTERNAL_URL' | 'CONSENT_URL'>,
  environment: Environment,
  sub: string,
): Promise<void> {
  const origin = config.CONSENT_INTERNAL_URL ?? config.CONSENT_URL;
  const url = `${origin}/${environment}/internal/members/signed-out`;
  const response = await identity.call('consent', url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sub }),
    signal: AbortSignal.timeout(consentTimeout),
  });
  if (!response.ok) throw new Error(`consent answered ${response.status}`);
}
