import { rowsOf, type ServiceIdentity } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { connectedAppsClientId } from '@payer/smart';
import type { Config } from '../config.js';
import { revokeGrant } from './revoke-grant.js';

const batchSize = 500;
const requestTimeout = 5000;

/**
 * Revokes every grant that is active here but not live at consent. Needed once after a restore of consent's
 * database.
 * @throws Error when consent does not answer; the caller must then call it again
 */
export async function endGrantsUnknownToConsent(
  config: Config,
  identity: ServiceIdentity,
  source: DataSource,
): Promise<void> {
  for (const environment of environments)
    for (let after = ''; ;) {
      const grants = await rowsOf<{ grant_id: string; client_id: string }>(
        source,
        `SELECT grant_id, payload->>'clientId' AS client_id FROM oidc_artifact
         WHERE environment = $1 AND model = 'Grant' AND grant_id > $2 AND payload->>'clientId' <> $3
         ORDER BY grant_id LIMIT $4`,
        [environment, after, connectedAppsClientId, batchSize],
      );
      if (grants.length === 0) break;
      const live = await liveGrants(
        config,
        identity,
        environment,
        grants.map(({ grant_id }) => grant_id),
      );
      for (const { grant_id: grantId, client_id: clientId } of grants)
        if (!live.has(grantId))
          await source.transaction((manager) =>
            revokeGrant(manager, { environment, grantId, clientId, reason: 'restore' }),
          );
      after = grants.at(-1)!.grant_id;
    }
}

async function liveGrants(
  config: Config,
  identity: ServiceIdentity,
  environment: Environment,
  ids: string[],
): Promise<Set<string>> {
  const response = await identity.call(
    'consent',
    `${config.CONSENT_INTERNAL_URL ?? config.CONSENT_URL}/${environment}/internal/grants/live`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_ids: ids }),
      signal: AbortSignal.timeout(requestTimeout),
    },
  );
  if (response.status !== 200) throw new Error(`consent answered ${response.status}`);
  return new Set(((await response.json()) as { live: string[] }).live);
}
