import { AppliedPositions, createConsumer, serviceKeys, serviceSigner } from '@payer/events';
import {
  addErrorPages,
  createLogger,
  databaseTakesWrites,
  eventsCheck,
  nestLogger,
  recoverAtStart,
  refuseForeignOrigins,
  refuseNulInAddress,
  startService,
  type RunningService,
} from '@payer/service';
import type { RegistrationConfig } from './config.js';
import { appRecovery } from './facts/app-recovery.js';
import { readJsonBodies } from './http/json-body.js';
import { serveOpenApi } from './http/openapi.js';
import { RegistrationModule } from './registration.module.js';

/** Starts the registration service; its database must be migrated. */
export async function createRegistration(config: RegistrationConfig): Promise<RunningService> {
  const logger = createLogger('registration', config.LOG_LEVEL);
  const keys = serviceKeys('registration', config, config.NODE_ENV === 'production');
  const recovery = {
    databaseUrl: config.DATABASE_URL,
    owner: appRecovery,
    journal: config.REVOCATION_JOURNAL,
    logger: nestLogger(logger),
  };
  await recoverAtStart(recovery);
  const consumer = await createConsumer(config, {
    consumer: 'registration',
    publicKeys: keys.all,
    mode: 'group',
    canApply: () => databaseTakesWrites(config.DATABASE_URL),
    applied: new AppliedPositions(config.DATABASE_URL, 'registration'),
  });
  const relay = { recovery, transport: config, sign: serviceSigner(keys.own) };
  return startService({
    name: 'registration',
    module: RegistrationModule.with(config, relay, (source) => [
      {
        name: 'database',
        check: async () => {
          await source().query('SELECT 1');
        },
      },
      eventsCheck(consumer),
    ]),
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
      addErrorPages(
        app.getHttpAdapter().getInstance() as never,
        config.REGISTRATION_URL,
        (path) => path === '/register',
      );
      readJsonBodies(app);
      refuseNulInAddress(app.getHttpAdapter().getInstance() as never);
      // The API takes bearer tokens, which no browser sends by itself; the pages take a cookie.
      refuseForeignOrigins(
        app.getHttpAdapter().getInstance() as never,
        config.REGISTRATION_URL,
        (path) => !/^\/(api|register)(\/|$)/.test(path),
      );
      serveOpenApi(app, config.REGISTRATION_URL);
    },
  });
}
