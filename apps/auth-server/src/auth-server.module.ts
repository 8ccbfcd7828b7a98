import {
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  createPublisher,
  FactKeeper,
  OutboxRelay,
  reasonOf,
  serviceSigner,
  signingKeyOf,
  type EventConsumer,
  type EventPublisher,
  type FactFeeds,
  type RecoveryOptions,
} from '@payer/events';
import {
  databaseModule,
  ErrorFilter,
  eventsCheck,
  factsCheck,
  FactsController,
  HealthModule,
  SERVED_FACTS,
  type ErrorDialect,
  ServiceIdentity,
  verifyDatabase,
  type ServedFacts,
} from '@payer/service';
import { contentSecurityPolicy, failurePage } from '@payer/ui';
import { DataSource } from 'typeorm';
import { AppEventsController } from './clients/app-events.controller.js';
import { Apps } from './clients/apps.js';
import type { Config } from './config.js';
import { ConsentMessages } from './consent/consent-messages.js';
import { ConsentController } from './consent/consent.controller.js';
import { ConsentEncryptionKey } from './consent/encryption-key.js';
import { databaseOptions } from './database/database-options.js';
import { GrantEventsController } from './grants/grant-events.controller.js';
import { RedeemedController } from './grants/redeemed.controller.js';
import { Keys } from './keys/keys.js';
import { MemberSearchController } from './members/member-search.controller.js';
import { Members } from './members/members.js';
import { EventFreshness } from './event-freshness.js';
import { authServerFacts } from './facts/read-facts.js';
import { revocationFacts } from './facts/revocation-facts.js';
import { FailedAuthorizations } from './provider/failed-authorizations.js';
import { OpenInteractions } from './provider/open-interactions.js';
import { Providers } from './provider/providers.js';
import { removeExpired } from './provider/storage.js';
import { RequestLimits } from './rate-limits/request-limits.js';
import { Interactions } from './sign-in/interactions.js';
import { SignInController } from './sign-in/sign-in.controller.js';
import { SignOutController } from './sign-in/sign-out.controller.js';
import { FindToken } from './tokens/find-token.js';
import { IntrospectController } from './tokens/introspect.controller.js';
import { RevokeController } from './tokens/revoke.controller.js';

const cleaningInterval = 60_000;
/** Injection token of {@link FactFeeds}. */
const FACT_FEEDS = Symbol('fact feeds');

/** Sends what waits in the outbox, and removes what has expired, while the service runs. */
class Background implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private publisher: EventPublisher | undefined;
  private relay: OutboxRelay | undefined;
  private cleaning: NodeJS.Timeout | undefined;

  constructor(
    private readonly config: Config,
    private readonly source: DataSource,
    private readonly feeds: FactFeeds,
    private readonly interactions: OpenInteractions,
    private readonly recovery: RecoveryOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    this.feeds.start();
    this.publisher = await createPublisher(
      this.config,
      serviceSigner(signingKeyOf('auth-server', this.config)),
    );
    this.relay = new OutboxRelay(
      this.config.DATABASE_URL,
      this.publisher,
      this.recovery.logger,
      new FactKeeper(this.recovery),
    );
    this.relay.start();
    this.cleaning = setInterval(() => {
      Promise.all([removeExpired(this.source), this.interactions.trim()]).catch((error: unknown) =>
        this.recovery.logger.warn(`cleaning failed: ${reasonOf(error)}`),
      );
    }, cleaningInterval);
  }

  onModuleDestroy(): void {
    clearInterval(this.cleaning);
  }

  /** After the last request, whose events still leave. */
  async onApplicationShutdown(): Promise<void> {
    await this.feeds.stop();
    await this.relay?.stop();
    await this.publisher?.close();
  }
}

@Module({})
export class AuthServerModule {
  static with(config: Config, consumer: EventConsumer, recovery: RecoveryOptions): DynamicModule {
    const { logger } = recovery;
    let source: DataSource | undefined;
    let feeds: FactFeeds | undefined;
    const limits = new RequestLimits(config);
    const identity = ServiceIdentity.of('auth-server', config);
    return {
      module: AuthServerModule,
      imports: [
        databaseModule({ ...databaseOptions(config.DATABASE_URL), verify: verifyDatabase(recovery) }),
        HealthModule.with([
          {
            name: 'database',
            check: async () => {
              if (!source) throw new Error('not connected yet');
              await source.query('SELECT 1');
            },
          },
          eventsCheck(consumer),
          factsCheck(() => feeds),
        ]),
      ],
      controllers: [
        AppEventsController,
        FactsController,
        GrantEventsController,
        ConsentController,
        IntrospectController,
        MemberSearchController,
        RedeemedController,
        RevokeController,
        SignInController,
        SignOutController,
      ],
      providers: [
        {
          provide: APP_FILTER,
          useValue: new ErrorFilter({
            dialectOf,
            page: (failure) =>
              failurePage(config.PLAN_NAME, failure, 'Start again in the app that sent you here.'),
            contentSecurityPolicy: contentSecurityPolicy({ formAction: [] }),
          }),
        },
        { provide: 'config', useValue: config },
        { provide: ServiceIdentity, useValue: identity },
        { provide: ConsentMessages, useValue: new ConsentMessages(config.CONSENT_JWKS_URL) },
        {
          provide: FACT_FEEDS,
          inject: [DataSource],
          useFactory: (connected: DataSource) => {
            source = connected;
            const read = (feeds = authServerFacts(config, identity, connected, logger));
            recovery.onRestored = () => read.forget();
            return read;
          },
        },
        {
          provide: SERVED_FACTS,
          inject: [DataSource],
          useFactory: (db: DataSource): ServedFacts => ({
            db,
            source: revocationFacts as ServedFacts['source'],
            owner: 'auth-server',
            identity,
          }),
        },
        {
          provide: EventFreshness,
          inject: [FACT_FEEDS],
          useFactory: (read: FactFeeds) => new EventFreshness(consumer, read),
        },
        { provide: ConsentEncryptionKey, useValue: new ConsentEncryptionKey(config.CONSENT_JWKS_URL) },
        {
          provide: Apps,
          inject: [DataSource, EventFreshness],
          useFactory: (connected: DataSource, freshness: EventFreshness) => new Apps(connected, freshness),
        },
        Members,
        Interactions,
        FailedAuthorizations,
        FindToken,
        {
          provide: Keys,
          inject: [DataSource],
          useFactory: (connected: DataSource) => Keys.open(connected, config.KEY_ENCRYPTION_KEY),
        },
        { provide: RequestLimits, useValue: limits },
        {
          provide: OpenInteractions,
          inject: [DataSource],
          useFactory: (connected: DataSource) =>
            new OpenInteractions(connected, config.OPEN_INTERACTIONS_MAX),
        },
        {
          provide: Providers,
          inject: [DataSource, Apps, EventFreshness, Members, Keys, FailedAuthorizations, OpenInteractions],
          useFactory: (
            connected: DataSource,
            apps: Apps,
            freshness: EventFreshness,
            members: Members,
            keys: Keys,
            failures: FailedAuthorizations,
            interactions: OpenInteractions,
          ) =>
            new Providers({
              config,
              source: connected,
              apps,
              freshness,
              members,
              keys,
              failures,
              interactions,
              limits,
              logger,
            }),
        },
        {
          provide: Background,
          inject: [DataSource, FACT_FEEDS, OpenInteractions],
          useFactory: (connected: DataSource, read: FactFeeds, interactions: OpenInteractions) =>
            new Background(config, connected, read, interactions, recovery),
        },
      ],
    };
  }
}

/** Programs call the endpoints of OAuth; people see everything else below an issuer, and pages when they ask for HTML. */
function dialectOf(path: string, accept: string): ErrorDialect {
  if (/^\/(sandbox|production)\/(token|introspect|revoke|jwks|\.well-known\/.*)\/?$/.test(path))
    return 'oauth';
  if (/^\/(sandbox|production)\/(authorize|interaction|sign-out)(\/|$)/.test(path)) return 'page';
  return accept.includes('text/html') ? 'page' : 'problem';
}
