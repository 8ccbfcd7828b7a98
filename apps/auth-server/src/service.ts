import { AppliedPositions, createConsumer, serviceKeys } from '@payer/events';
import {
  addErrorPages,
  createLogger,
  databaseTakesWrites,
  nestLogger,
  recoverAtStart,
  refuseForeignOrigins,
  startService,
  type RunningService,
} from '@payer/service';
import { AuthServerModule } from './auth-server.module.js';
import { Apps } from './clients/apps.js';
import type { Config } from './config.js';
import { revocationRecovery } from './facts/revocation-recovery.js';
import { FailedAuthorizations } from './provider/failed-authorizations.js';
import { mountProviders } from './provider/mount.js';
import { Providers } from './provider/providers.js';
import { RequestLimits } from './rate-limits/request-limits.js';

/** Starts the auth-server; its database must be migrated. */
export async function createAuthServer(config: Config): Promise<RunningService> {
  const logger = createLogger('auth-server', config.LOG_LEVEL);
  const keys = serviceKeys('auth-server', config, config.NODE_ENV === 'production');
  const recovery = {
    databaseUrl: config.DATABASE_URL,
    owner: revocationRecovery,
    journal: config.REVOCATION_JOURNAL,
    logger: nestLogger(logger),
  };
  await recoverAtStart(recovery);
  const consumer = await createConsumer(config, {
    consumer: 'auth-server',
    publicKeys: keys.all,
    mode: 'group',
    canApply: () => databaseTakesWrites(config.DATABASE_URL),
    applied: new AppliedPositions(config.DATABASE_URL, 'auth-server'),
  });
  return startService({
    name: 'auth-server',
    module: AuthServerModule.with(config, consumer, recovery),
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
      refuseForeignOrigins(fastify as never, config.AUTH_SERVER_URL, (path) =>
        path.includes('/interaction/'),
      );
      addErrorPages(fastify as never, config.REGISTRATION_URL, (path) => !path.startsWith('/internal/'));
      mountProviders(fastify as never, {
        config,
        apps: app.get(Apps),
        failures: app.get(FailedAuthorizations),
        limits: app.get(RequestLimits),
        providers: () => app.get(Providers),
      });
    },
  });
}
