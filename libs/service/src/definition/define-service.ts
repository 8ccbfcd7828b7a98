import {
  AppliedPositions,
  createConsumer,
  FactKeeper,
  serviceKeys,
  type ConsumerOptions,
  type ServicePublicKeys,
} from '@payer/events';
import type { Logger } from 'pino';
import { databaseTakesWrites } from '../database/database.js';
import { recoverAtStart } from '../database/database-guard.js';
import { ServiceIdentity } from '../security/service-identity.js';
import { createLogger, nestLogger } from '../start/logger.js';
import { runProcess, startService, type RunningService } from '../start/start.js';
import type { ServiceConfig, ServiceDefinition } from './definition.js';
import { Lifecycle } from './lifecycle.js';
import { OutboxRelays } from './outbox-relays.js';
import { ServiceModule, type ServingDatabase } from './service-module.js';

/** A startable service: tests start it with a configuration, its `main.ts` runs it as a process. */
export interface DefinedService<Config> {
  readConfig(environment?: Record<string, string | undefined>): Config;
  /** Starts the service; its databases must be migrated. */
  start(config: Config): Promise<RunningService>;
  /** Runs the service as this process, configured by the environment variables. */
  run(): Promise<void>;
}

/** Builds a service from its definition. All services start, serve and stop in the same way. */
export function defineService<Config extends ServiceConfig>(
  definition: ServiceDefinition<Config>,
): DefinedService<Config> {
  const { name, readConfig } = definition;
  const start = (config: Config) => startDefined(definition, config);
  return { readConfig, start, run: () => runProcess(name, () => start(readConfig())) };
}

async function startDefined<Config extends ServiceConfig>(
  definition: ServiceDefinition<Config>,
  config: Config,
): Promise<RunningService> {
  const { name, http = {} } = definition;
  const logger = createLogger(name, config.LOG_LEVEL);
  const keys = serviceKeys(name, config, config.NODE_ENV === 'production');
  const database = await recoveredDatabase(definition, config, logger);
  const consumer = await createConsumer(config, consumerOptions(definition, database, keys.all));
  const lifecycle = new Lifecycle();
  lifecycle.add(
    new OutboxRelays({
      databaseUrls: database ? [database.options.url] : (definition.outboxes?.(config) ?? []),
      transport: config,
      key: keys.own,
      logger: nestLogger(logger),
      ...(database ? { keeper: new FactKeeper(database.recovery) } : {}),
    }),
  );
  const identity = new ServiceIdentity(keys.own, keys.all);
  const kit = { config, logger, identity, events: consumer, lifecycle };
  return startService({
    name,
    module: ServiceModule.of(definition, kit, database),
    host: config.HOST,
    port: config.PORT,
    internalPort: config.INTERNAL_PORT,
    drain: config.SHUTDOWN_DRAIN_MS,
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    trustedProxies: config.TRUSTED_PROXIES,
    logger,
    requests: { log: config.REQUEST_LOG, follow: http.isFollowed ?? true },
    consumer,
    pages: http.pages,
    forms: http.forms,
    answerUnreadable: http.answerUnreadable,
    configure: (app) => definition.configure?.(app, config),
  });
}

async function recoveredDatabase<Config extends ServiceConfig>(
  definition: ServiceDefinition<Config>,
  config: Config,
  logger: Logger,
): Promise<ServingDatabase | undefined> {
  const database = definition.database?.(config);
  if (!database) return undefined;
  const { options, owner, journal } = database;
  const recovery = { databaseUrl: options.url, owner, journal, logger: nestLogger(logger) };
  await recoverAtStart(recovery);
  return { ...database, recovery };
}

function consumerOptions(
  { name, events }: Pick<ServiceDefinition<never>, 'name' | 'events'>,
  database: ServingDatabase | undefined,
  publicKeys: ServicePublicKeys,
): ConsumerOptions {
  if (events !== 'group') return { consumer: name, publicKeys, mode: 'replica', recent: events };
  if (!database)
    throw new Error(`${name} consumes events as a group, so it needs a database to apply them to`);
  const { url } = database.options;
  return {
    consumer: name,
    publicKeys,
    mode: 'group',
    canApply: () => databaseTakesWrites(url),
    applied: new AppliedPositions(url, name),
  };
}
