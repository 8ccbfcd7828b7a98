import type { Queryable, ServiceIdentity } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { Config } from '../config.js';

/** Milliseconds that consent may take to end its sessions of a member. */
const consentTimeout = 3000;

/** Seconds: no sign-in goes on for longer. */
const longestSignIn = 3600;

/** Where a session, or a sign-in that goes on, names its member. */
const namesMember = '$.** ? (@.accountId == $sub)';

/**
 * Ends the sessions of a member in this service, and the sign-ins in progress: somebody who knew the earlier
 * password may have begun them. Grants stay.
 */
export async function endSignIns(db: Queryable, environment: Environment, sub: string): Promise<void> {
  const named = [environment, namesMember, JSON.stringify({ sub })];
  const isNamed = 'environment = $1 AND jsonb_path_exists(payload, $2, $3)';
  await db.query(
    `DELETE FROM oidc_artifact WHERE model = 'Session' AND uid IS NOT NULL AND ${isNamed}`,
    named,
  );
  // The index over the expiry leaves out most tokens.
  await db.query(
    `DELETE FROM oidc_artifact
     WHERE model = 'Interaction' AND expires_at < now() + make_interval(secs => $4) AND ${isNamed}`,
    [...named, longestSignIn],
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
