import type { EventLogger, FactFeeds } from '@payer/events';
import { createFactFeeds, type ServiceIdentity } from '@payer/service';
import { Gauge, register } from 'prom-client';
import type { Apps } from '../apps/apps.js';
import type { Config } from '../config.js';
import { revocationMemory, type Revocations } from './revocations.js';

/**
 * The facts that fhir-api needs before it serves data: the apps, the revoked grants and the revoked tokens.
 */
export function fhirApiFacts(
  config: Config,
  identity: ServiceIdentity,
  { apps, revocations }: { apps: Apps; revocations: Revocations },
  logger: EventLogger,
): FactFeeds {
  register.removeSingleMetric('apps_known');
  new Gauge({
    name: 'apps_known',
    help: 'Apps this replica knows',
    collect() {
      this.set(apps.size);
    },
  });
  return createFactFeeds(
    config,
    {
      registration: {
        apply: (app) => apps.apply(app),
        onReread: ({ keys }) => apps.forgetExcept(keys),
      },
      consent: { apply: (grant) => revocations.revokeGrant(grant), recent: revocationMemory },
      'auth-server': {
        apply: (revocation) => revocations.revokeTokens(revocation),
        recent: revocationMemory,
      },
    },
    { identity, logger },
  );
}
