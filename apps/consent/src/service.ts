import { defineService, refuseForeignOrigins, refuseNulInAddress } from '@payer/service';
import { readConfig } from './config.js';
import { controllers } from './controllers.js';
import { databaseOptions } from './database/database-options.js';
import { endedGrants } from './facts/ended-grants.js';
import { grantRecovery } from './facts/grant-recovery.js';
import { consentParts } from './parts.js';

/** The service that owns grants: the consent screen, and the member's connected apps. */
export const consent = defineService({
  name: 'consent',
  readConfig,
  database: (config) => ({
    options: databaseOptions(config.DATABASE_URL),
    owner: grantRecovery,
    feed: endedGrants,
    journal: config.REVOCATION_JOURNAL,
  }),
  events: 'group',
  controllers,
  parts: consentParts,
  configure(app, config) {
    const fastify = app.getHttpAdapter().getInstance();
    refuseNulInAddress(fastify as never);
    refuseForeignOrigins(fastify as never, config.CONSENT_URL, () => true);
  },
});
