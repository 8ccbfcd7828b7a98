import { positionsIn, type EventLogger, type FactFeeds } from '@payer/events';
import { createFactFeeds, forgetAppsExcept, type ServiceIdentity } from '@payer/service';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { applyApp, applyTokenRevocation } from '../grants/grant.events.js';
import type { Grants } from '../grants/grants.js';

/** The facts that consent needs: the apps, and the grants that auth-server has revoked. */
export function consentFacts(
  config: Config,
  identity: ServiceIdentity,
  source: DataSource,
  grants: Grants,
  logger: EventLogger,
): FactFeeds {
  return createFactFeeds(
    config,
    {
      registration: {
        apply: (app) => applyApp(source, grants, app),
        onReread: ({ keys }) => forgetAppsExcept(source, keys),
      },
      'auth-server': { apply: (revocation) => applyTokenRevocation(grants, revocation) },
    },
    { identity, logger, positions: positionsIn(source) },
  );
}
