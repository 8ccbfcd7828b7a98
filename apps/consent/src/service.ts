import { AppliedPositions, createConsumer, serviceKeys } from '@payer/events';
import {
  createLogger,
  databaseTakesWrites,
  nestLogger,
  recoverAtStart,
  refuseForeignOrigins,
  refuseNulInAddress,
  startService,
  type RunningService,
} from '@payer/service';
import type { Config } from './config.js';
import { ConsentModule } from './consent.module.js';
import { grantRecovery } from './facts/grant-recovery.js';

/** Starts consent; its database must be migrated. */
export async function createConsent(config: Config): Promise<RunningService> {
  const logger = createLogger('consent', config.LOG_LEVEL);
  const keys = serviceKeys('consent', config, config.NODE_ENV === 'production');
  const recovery = {
    databaseUrl: config.DATABASE_URL,
    owner: grantRecovery,
    journal: config.REVOCATION_JOURNAL,
    logger: nestLogger(logger) as never,
  };
  await recoverAtStart(recovery);
  const consumer = await createConsumer(config, {
    consumer: 'consent',
    publicKeys: keys.all,
    mode: 'group',
    canApply: () => databaseTakesWrites(config.DATABASE_URL),
    applied: new AppliedPositions(config.DATABASE_URL, 'consent'),
  });
  return startService({
    name: 'consent',
    module: ConsentModule.with(config, consumer, recovery),
    host: config.HOST,
    port: config.PORT,
    internalPort: config.INTERNAL_PORT,
    drain: config.SHUTDOWN_DRAIN_MS,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    trustedProxies: config.TRUSTED_PROXIES,
    logger,
    requests: { log: config.REQUEST_LOG, follow: true },
    consumer,
    configure: (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      refuseNulInAddress(fastify as never);
      refuseForeignOrigins(fastify as never, config.CONSENT_URL, () => true);
    },
  });
}
