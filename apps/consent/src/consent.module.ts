import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { EventConsumer, FactFeeds, RecoveryOptions } from '@payer/events';
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
import type { Config } from './config.js';
import { ConnectedAppsController } from './connected-apps/connected-apps.controller.js';
import { SignIn } from './connected-apps/sign-in.js';
import { ConsentController } from './consent-screen/consent.controller.js';
import { ReceiveController } from './consent-screen/receive.controller.js';
import { requestVerifier } from './consent-screen/verify-request.js';
import { databaseOptions } from './database/database-options.js';
import { endedGrants } from './facts/ended-grants.js';
import { consentFacts } from './facts/read-facts.js';
import { Background } from './grants/background.js';
import { GrantEventsController } from './grants/events.controller.js';
import { GrantStatusController } from './grants/grant-status.controller.js';
import { GrantsApiController } from './grants/grants-api.controller.js';
import { Grants } from './grants/grants.js';
import { Redemptions } from './grants/redemptions.js';
import { BrowserSecret } from './http/browser-secret.js';
import { MemberSessions } from './http/member-session.js';
import { JwksController } from './keys/jwks.controller.js';
import { Keys } from './keys/keys.js';
import { RequestDecryption } from './keys/request-decryption.js';
import { showActiveGrants } from './metrics/grant-metrics.js';

@Module({})
export class ConsentModule {
  static with(config: Config, consumer: EventConsumer, recovery: RecoveryOptions): DynamicModule {
    let source: DataSource | undefined;
    let feeds: FactFeeds | undefined;
    const identity = ServiceIdentity.of('consent', config);
    const decryption = new RequestDecryption(config.KEY_ENCRYPTION_KEY);
    return {
      module: ConsentModule,
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
        ConnectedAppsController,
        ConsentController,
        FactsController,
        ReceiveController,
        GrantEventsController,
        GrantsApiController,
        GrantStatusController,
        JwksController,
      ],
      providers: [
        { provide: 'config', useValue: config },
        { provide: ServiceIdentity, useValue: identity },
        {
          provide: APP_FILTER,
          useValue: new ErrorFilter({
            dialectOf,
            page: (failure) =>
              failurePage(config.PLAN_NAME, failure, 'Start again in the app that sent you here.'),
            contentSecurityPolicy: contentSecurityPolicy({ formAction: [] }),
          }),
        },
        {
          provide: 'verify request',
          useValue: requestVerifier(config.addresses, config.AUTH_SERVER_INTERNAL_URL, decryption),
        },
        { provide: RequestDecryption, useValue: decryption },
        { provide: BrowserSecret, useValue: new BrowserSecret(config.CONSENT_URL.startsWith('https:')) },
        Grants,
        Redemptions,
        {
          provide: Keys,
          inject: [DataSource],
          useFactory: (connected: DataSource) => {
            source = connected;
            showActiveGrants(connected);
            return Keys.open(connected, config.KEY_ENCRYPTION_KEY);
          },
        },
        {
          provide: MemberSessions,
          inject: [DataSource],
          useFactory: (connected: DataSource) =>
            new MemberSessions(connected, config.CONSENT_URL.startsWith('https:')),
        },
        { provide: SignIn, inject: [Keys], useFactory: (keys: Keys) => new SignIn(config, keys) },
        {
          provide: SERVED_FACTS,
          inject: [DataSource],
          useFactory: (db: DataSource): ServedFacts => ({
            db,
            source: endedGrants as ServedFacts['source'],
            owner: 'consent',
            identity,
          }),
        },
        {
          provide: Background,
          inject: [DataSource, Grants, Redemptions],
          useFactory: (connected: DataSource, grants: Grants, redemptions: Redemptions) => {
            const read = (feeds = consentFacts(config, identity, connected, grants, recovery.logger));
            recovery.onRestored = () => read.forget();
            return new Background(config, connected, grants, redemptions, feeds, recovery);
          },
        },
      ],
    };
  }
}

/** The JSON APIs answer programs; people see pages, unless they say that they take none. */
function dialectOf(path: string, accept: string): ErrorDialect {
  if (/^\/(sandbox|production)\/(api|internal)\//.test(path)) return 'problem';
  if (/^\/(sandbox|production)(\/(consent|callback|disconnect|sign-out|signed-out).*)?\/?$/.test(path))
    return 'page';
  return accept.includes('text/html') ? 'page' : 'problem';
}
