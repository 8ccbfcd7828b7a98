import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, ServiceIdentity } from '@payer/service';
import { environments, type Environment } from '@payer/smart';
import type { Provider } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ClientAssertions } from '../client-authentication/client-assertions.js';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import { EventFreshness } from '../event-freshness.js';
import { Keys } from '../keys/keys.js';
import { Members } from '../members/members.js';
import { RequestLimits } from '../rate-limits/request-limits.js';
import { AppRequests } from '../app-requests/app-requests.js';
import { FailedAuthorizations } from '../authorization/failed-authorizations.js';
import { Representations } from '../representation/representations.js';
import { OpenInteractions } from './interactions/open-interactions.js';
import { createProvider } from './create-provider.js';
import { PlainTokenRequests } from './plain-token-requests.js';

/**
 * The engines of all environments. An engine gets its keys when it is created, so a key rotation creates new
 * engines. The state of an engine is in the database, so the next engine finds it there.
 */
@Injectable()
export class Providers {
  private byEnvironment: ReadonlyMap<Environment, Provider>;
  private readonly plainRequests: ReadonlyMap<Environment, PlainTokenRequests>;

  constructor(
    @Inject(CONFIG) config: Config,
    source: DataSource,
    apps: Apps,
    assertions: ClientAssertions,
    freshness: EventFreshness,
    members: Members,
    representations: Representations,
    keys: Keys,
    failures: FailedAuthorizations,
    requests: AppRequests,
    interactions: OpenInteractions,
    limits: RequestLimits,
    identity: ServiceIdentity,
  ) {
    const logger = new Logger('oidc');
    const parts = {
      config,
      source,
      apps,
      assertions,
      freshness,
      members,
      representations,
      keys,
      failures,
      requests,
      interactions,
      limits,
      identity,
      logger,
    };
    this.plainRequests = new Map(
      environments.map((environment) => [
        environment,
        new PlainTokenRequests(config.addresses[environment], parts),
      ]),
    );
    const make = () =>
      new Map(environments.map((environment) => [environment, createProvider(environment, parts)]));
    this.byEnvironment = make();
    keys.onChange(() => (this.byEnvironment = make()));
  }

  of(environment: Environment): Provider {
    return this.byEnvironment.get(environment) as Provider;
  }

  /** Answers the usual token requests of an environment. It follows the keys by itself. */
  plain(environment: Environment): PlainTokenRequests {
    return this.plainRequests.get(environment) as PlainTokenRequests;
  }
}
