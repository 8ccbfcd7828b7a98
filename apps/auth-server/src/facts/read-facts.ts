import { positionsIn, type EventLogger, type FactFeeds } from '@payer/events';
import { applyAppState, createFactFeeds, forgetAppsExcept, type ServiceIdentity } from '@payer/service';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { removeGrant } from '../grants/revoke-grant.js';
import { endGrantsUnknownToConsent } from '../grants/reconcile-grants.js';

/** The facts that auth-server needs before it issues tokens: the apps and the revoked grants. */
export function authServerFacts(
  config: Config,
  identity: ServiceIdentity,
  source: DataSource,
  logger: EventLogger,
): FactFeeds {
  return createFactFeeds(
    config,
    {
      registration: {
        apply: async (app) => void (await applyAppState(source, app)),
        onReread: ({ keys }) => forgetAppsExcept(source, keys),
      },
      consent: {
        async apply({ status, environment, grant_id, revoked_reason }) {
          if (status !== 'revoked') return;
          await source.transaction((manager) => removeGrant(manager, environment, grant_id, revoked_reason));
        },
        // Consent no longer knows a grant that was made after the backup. Its member can neither see nor
        // revoke it.
        onReread: () => endGrantsUnknownToConsent(config, identity, source),
      },
    },
    { identity, logger, positions: positionsIn(source) },
  );
}
