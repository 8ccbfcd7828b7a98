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

/** Configuration that every service has. */
export type ServiceConfig = z.infer<z.ZodObject<typeof commonVariables>> & { PORT: number };

/** Injection token of the service's configuration. Every other token is the class of the thing. */
export const CONFIG = Symbol('configuration');

/** The one database of a service that owns facts which end. */
export interface OwnedDatabase {
  options: DatabaseOptions;
  /** Recovers the facts after a restore of the database (decision 26). */
  owner: FactsOwner;
  /** The facts that other services read at `/internal/facts` (decision 20). */
  feed: FactSource<FactOwner, never>;
  /** Directory of the journal (REVOCATION_JOURNAL); undefined when there is none. */
  journal: string | undefined;
}

/** The tools that a service is given for building its parts. */
export interface ServiceKit<Config> {
  config: Config;
  logger: Logger;
  /** Who this service is to the other services. */
  identity: ServiceIdentity;
  /** How far the event log has been read. */
  events: EventConsumer;
  /** Parts that run beside the requests are added here. */
  lifecycle: Lifecycle;
}

/** Makes a thing of others that are injected. */
export type Made<T> = Pick<FactoryProvider<T>, 'inject' | 'useFactory'>;

/** What a service is made of, beside what {@link defineService} gives every service. */
export interface ServiceParts {
  providers: Provider[];
  /** The feeds of other owners that the service depends on. */
  facts?: Made<FactFeeds> & {
    /** Whether a process is unready until it has read all of them once. */
    isNeededToServe?: boolean;
  };
  jobs?: Made<ScheduledJob[]>;
  /** Readiness checks beside those of the database, the event log and the feeds. */
  checks?: ReadinessCheck[];
}

/** A service of the platform as data: what it owns, what it serves, and what it depends on. */
export interface ServiceDefinition<Config extends ServiceConfig> {
  name: ServiceName;
  /** @throws ConfigError */
  readConfig(environment?: Record<string, string | undefined>): Config;
  /** Absent for a service that owns no facts which end; such a service opens its databases itself. */
  database?(config: Config): OwnedDatabase;
  /** Databases with an outbox, where the service has no {@link database}. */
  outboxes?(config: Config): readonly string[];
  /**
   * How events are consumed: `group` applies each once per service, to its database; otherwise each process applies each to
   * its memory, and passes over the events named here.
   */
  events: 'group' | Recent;
  /** HTTP routes and event handlers. */
  controllers: Type[];
  parts(kit: ServiceKit<Config>): ServiceParts;
  /** How requests are logged and followed, beside REQUEST_LOG. */
  http?: Pick<ServiceOptions, 'pages' | 'forms' | 'answerUnreadable'> & { isFollowed?: boolean };
  /** Routes and hooks on the bare server, before it listens. */
  configure?(app: NestFastifyApplication, config: Config): Promise<void> | void;
}
