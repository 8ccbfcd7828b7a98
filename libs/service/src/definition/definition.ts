import type { FactoryProvider, Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { EventConsumer, FactFeeds, FactSource, FactsOwner, Recent } from '@payer/events';
import type { FactOwner, ServiceName } from '@payer/smart';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { commonVariables } from '../config/variables.js';
import type { DatabaseOptions } from '../database/database.js';
import type { ReadinessCheck } from '../health/health.js';
import type { ServiceIdentity } from '../security/service-identity.js';
import type { ServiceOptions } from '../start/start.js';
import type { Lifecycle } from './lifecycle.js';
import type { ScheduledJob } from './scheduled-jobs.js';

/** Configuration of every service. */
export type ServiceConfig = z.infer<z.ZodObject<typeof commonVariables>> & { PORT: number };

/** Injection token of the service's configuration. All other tokens are classes. */
export const CONFIG = Symbol('configuration');

/** The single database of a service that owns revocable facts. */
export interface OwnedDatabase {
  options: DatabaseOptions;
  /** Recovers the facts after a restore of the database (decision 26). */
  owner: FactsOwner;
  /** The facts that other services read at `/internal/facts` (decision 20). */
  feed: FactSource<FactOwner, never>;
  /** Directory of the journal (REVOCATION_JOURNAL); undefined when there is none. */
  journal: string | undefined;
}

/** Tools for building the parts of a service. */
export interface ServiceKit<Config> {
  config: Config;
  logger: Logger;
  /** The identity of this service towards the other services. */
  identity: ServiceIdentity;
  /** The consumer of the event log. */
  events: EventConsumer;
  /** Takes the parts that run beside the requests. */
  lifecycle: Lifecycle;
}

/** A factory with injected dependencies. */
export type Made<T> = Pick<FactoryProvider<T>, 'inject' | 'useFactory'>;

/** The parts of a service that differ from {@link defineService}'s common parts. */
export interface ServiceParts {
  providers: Provider[];
  /** The feeds of other owners that the service depends on. */
  facts?: Made<FactFeeds> & {
    /** Whether a process stays unready until it has read all feeds once. */
    isNeededToServe?: boolean;
  };
  jobs?: Made<ScheduledJob[]>;
  /** Readiness checks in addition to the checks of the database, the event log and the feeds. */
  checks?: ReadinessCheck[];
}

/**
 * A service of the platform as data: the facts that it owns, the routes that it serves, and the services that
 * it depends on.
 */
export interface ServiceDefinition<Config extends ServiceConfig> {
  name: ServiceName;
  /** @throws ConfigError */
  readConfig(environment?: Record<string, string | undefined>): Config;
  /** Absent for a service without revocable facts, which opens its databases itself. */
  database?(config: Config): OwnedDatabase;
  /** Databases with an outbox, for a service without {@link database}. */
  outboxes?(config: Config): readonly string[];
  /**
   * How events are consumed. `group`: the service applies each event once, to its database. Otherwise each
   * process applies each event to its memory, and skips the old events named here.
   */
  events: 'group' | Recent;
  /** HTTP routes and event handlers. */
  controllers: Type[];
  parts(kit: ServiceKit<Config>): ServiceParts;
  /** Options for logging and tracing requests, in addition to REQUEST_LOG. */
  http?: Pick<ServiceOptions, 'pages' | 'forms' | 'answerUnreadable'> & { isFollowed?: boolean };
  /** Adds routes and hooks to the bare server before it listens. */
  configure?(app: NestFastifyApplication, config: Config): Promise<void> | void;
}
