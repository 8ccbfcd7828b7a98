import { planRules, type FactOwner } from '@payer/smart';
import { isClientId, type Apps } from '../clients/apps.js';
import { basicCredentials } from '../client-authentication/basic-credentials.js';

/**
 * The owners of the facts that decide a token request. A plan without a patient has no grants. Its tokens
 * depend on the app alone, so they do not wait for consent. An app keeps its plan forever.
 * @returns undefined for all owners: the app has grants, or the Authorization header (RFC 6749 §2.3.1) names
 * no known app
 */
export async function ownersFor(
  authorization: string,
  apps: Apps,
): Promise<readonly FactOwner[] | undefined> {
  const named = basicCredentials(authorization)?.clientId;
  const app = named && isClientId(named) ? await apps.find(named) : undefined;
  return app?.plan && planRules[app.plan].patientClaim === 'forbidden' ? ['registration'] : undefined;
}
