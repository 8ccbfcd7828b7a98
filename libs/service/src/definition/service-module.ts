import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { FactFeeds, type RecoveryOptions } from '@payer/events';
import type { FactOwner } from '@payer/smart';
import { DataSource } from 'typeorm';
import { databaseModule } from '../database/database.js';
import { verifyDatabase } from '../database/database-guard.js';
import { FactsController, ServedFacts } from '../facts/facts.controller.js';
import {
  databaseCheck,
  eventsCheck,
  factsCheck,
  HealthController,
  ReadinessChecks,
} from '../health/health.js';
import { ServiceIdentity } from '../security/service-identity.js';
import {
  CONFIG,
  type OwnedDatabase,
  type ServiceConfig,
  type ServiceDefinition,
  type ServiceKit,
  type ServiceParts,
} from './definition.js';
import { Lifecycle } from './lifecycle.js';
import { ScheduledJobs } from './scheduled-jobs.js';

/** The database of a running service. */
export interface ServingDatabase extends OwnedDatabase {
  recovery: RecoveryOptions;
}

/** The NestJS module of a service: the parts of its definition and the common parts. */
@Module({})
export class ServiceModule {
  static of<Config extends ServiceConfig>(
    definition: ServiceDefinition<Config>,
    kit: ServiceKit<Config>,
    database: ServingDatabase | undefined,
  ): DynamicModule {
    const parts = definition.parts(kit);
    return {
      module: ServiceModule,
      imports: [
        TerminusModule,
        ...(database
          ? [databaseModule({ ...database.options, verify: verifyDatabase(database.recovery) })]
          : []),
      ],
      controllers: [HealthController, ...(database ? [FactsController] : []), ...definition.controllers],
      providers: [
        { provide: CONFIG, useValue: kit.config },
        { provide: ServiceIdentity, useValue: kit.identity },
        ...(database ? [servedFacts(definition.name as FactOwner, database, kit.identity)] : []),
        ...factFeeds(parts, database?.recovery),
        lifecycle(kit.lifecycle, parts),
        scheduledJobs(kit, parts),
        readinessChecks(kit, parts, database !== undefined),
        ...parts.providers,
      ],
    };
  }
}

function servedFacts(owner: FactOwner, database: OwnedDatabase, identity: ServiceIdentity): Provider {
  return {
    provide: ServedFacts,
    inject: [DataSource],
    useFactory: (db: DataSource) => new ServedFacts(db, database.feed, owner, identity),
  };
}

/**
 * After a restore, the service's database lacks facts that were applied before, so the feeds are read again.
 */
function factFeeds({ facts }: ServiceParts, recovery: RecoveryOptions | undefined): Provider[] {
  if (!facts) return [];
  const useFactory = async (...injected: unknown[]) => {
    const feeds = await facts.useFactory(...(injected as never[]));
    if (recovery) recovery.onRestored = () => feeds.forget();
    return feeds;
  };
  return [{ provide: FactFeeds, inject: facts.inject ?? [], useFactory }];
}

function lifecycle(made: Lifecycle, { facts }: ServiceParts): Provider {
  if (!facts) return { provide: Lifecycle, useValue: made };
  return {
    provide: Lifecycle,
    inject: [FactFeeds],
    useFactory: (feeds: FactFeeds) => {
      made.add(feeds);
      return made;
    },
  };
}

function scheduledJobs({ logger }: Pick<ServiceKit<unknown>, 'logger'>, { jobs }: ServiceParts): Provider {
  return {
    provide: ScheduledJobs,
    inject: jobs?.inject ?? [],
    useFactory: async (...injected: unknown[]) =>
      new ScheduledJobs((await jobs?.useFactory(...(injected as never[]))) ?? [], {
        warn: (line) => logger.warn(line),
      }),
  };
}

function readinessChecks(
  { events }: Pick<ServiceKit<unknown>, 'events'>,
  { facts, checks = [] }: ServiceParts,
  hasDatabase: boolean,
): Provider {
  return {
    provide: ReadinessChecks,
    inject: [
      { token: DataSource, optional: !hasDatabase },
      { token: FactFeeds, optional: !facts },
    ],
    useFactory: (source: DataSource | undefined, feeds: FactFeeds | undefined) =>
      new ReadinessChecks([
        ...(source ? [databaseCheck('database', source)] : []),
        eventsCheck(events),
        ...(feeds ? [factsCheck(feeds, facts?.isNeededToServe)] : []),
        ...checks,
      ]),
  };
}
