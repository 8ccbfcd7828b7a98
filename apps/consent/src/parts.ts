import { APP_FILTER } from '@nestjs/core';
import { brandOf, ErrorFilter, nestLogger, type ServiceKit, type ServiceParts } from '@payer/service';
import { memberMessagePolicy, renderMemberFailure, useBrand } from '@payer/ui';
import { DataSource } from 'typeorm';
import { AccessHistory } from './access-history/access-history.js';
import type { Config } from './config.js';
import { SignIn } from './connected-apps/sign-in.js';
import { Decisions } from './consent-screen/decisions.js';
import { RequestVerifier } from './consent-screen/verify-request.js';
import { consentFacts } from './facts/read-facts.js';
import { Grants } from './grants/grants.js';
import { Redemptions } from './grants/redemptions.js';
import { BrowserSecret } from './http/browser-secret.js';
import { dialectOf } from './http/error-dialect.js';
import { textsFor } from './http/languages.js';
import { MemberSessions } from './http/member-session.js';
import { Keys } from './keys/keys.js';
import { RequestDecryption } from './keys/request-decryption.js';
import { logoLoader } from './logos/load-logo.js';
import { Logos } from './logos/logos.js';
import { ActiveGrants } from './metrics/grant-metrics.js';
import { NoticeDelivery } from './notices/notice-delivery.js';
import { RecordCounts } from './record-counts/record-counts.js';
import { scheduledJobs } from './scheduled-jobs.js';

/** The parts of consent. */
export function consentParts({ config, identity, logger }: ServiceKit<Config>): ServiceParts {
  useBrand(brandOf(config));
  const isSecure = config.CONSENT_URL.startsWith('https:');
  const decryption = new RequestDecryption(config.KEY_ENCRYPTION_KEY);
  return {
    providers: [
      Grants,
      AccessHistory,
      Decisions,
      NoticeDelivery,
      RecordCounts,
      Redemptions,
      SignIn,
      ActiveGrants,
      {
        provide: RequestVerifier,
        useValue: new RequestVerifier(
          config.addresses,
          config.AUTH_SERVER_INTERNAL_URL,
          decryption,
          config.SIGNING_KEYS_MAX_AGE_MS,
        ),
      },
      { provide: RequestDecryption, useValue: decryption },
      { provide: BrowserSecret, useValue: new BrowserSecret(isSecure) },
      {
        provide: Logos,
        inject: [DataSource],
        useFactory: (source: DataSource) =>
          new Logos(source, logoLoader(config, identity), `${config.REGISTRATION_URL}/logos/`),
      },
      {
        provide: MemberSessions,
        inject: [DataSource],
        useFactory: (source: DataSource) => new MemberSessions(source, isSecure),
      },
      {
        provide: Keys,
        inject: [DataSource],
        useFactory: (source: DataSource) =>
          Keys.open(source, config.KEY_ENCRYPTION_KEY, config.SIGNING_KEYS_MAX_AGE_MS),
      },
      {
        provide: APP_FILTER,
        useValue: new ErrorFilter({
          dialectOf,
          page: (failure, request) =>
            renderMemberFailure({ texts: textsFor(request, config), planName: config.PLAN_NAME }, failure),
          contentSecurityPolicy: memberMessagePolicy(),
        }),
      },
    ],
    facts: {
      inject: [DataSource, Grants],
      useFactory: (source: DataSource, grants: Grants) =>
        consentFacts(config, identity, source, grants, nestLogger(logger)),
    },
    jobs: {
      inject: [DataSource, Grants, Redemptions, Logos, NoticeDelivery],
      useFactory: (
        source: DataSource,
        grants: Grants,
        redemptions: Redemptions,
        logos: Logos,
        notices: NoticeDelivery,
      ) => scheduledJobs(config, source, grants, redemptions, logos, notices),
    },
  };
}
