import { APP_FILTER } from '@nestjs/core';
import { FactFeeds } from '@payer/events';
import {
  brandOf,
  ErrorFilter,
  nestLogger,
  type ScheduledJob,
  type ServiceKit,
  type ServiceParts,
} from '@payer/service';
import { memberMessagePolicy, renderMemberFailure, useBrand } from '@payer/ui';
import { DataSource } from 'typeorm';
import { ClientAssertions } from './client-authentication/client-assertions.js';
import { ClientAuthentication } from './client-authentication/client-authentication.js';
import { AppMemory } from './clients/app-memory.js';
import { Apps } from './clients/apps.js';
import type { Config } from './config.js';
import { ConsentMessages } from './consent/consent-messages.js';
import { ConsentEncryptionKey } from './consent/encryption-key.js';
import { EventFreshness } from './event-freshness.js';
import { authServerFacts } from './facts/read-facts.js';
import { dialectOf } from './http/error-dialect.js';
import { Keys } from './keys/keys.js';
import { MemberProviders } from './member-providers/member-providers.js';
import { EndedSessions } from './member-providers/ended-sessions.js';
import { ProviderSignOut } from './member-providers/provider-sign-out.js';
import { Members } from './members/members.js';
import { AppRequests } from './app-requests/app-requests.js';
import { FailedAuthorizations } from './authorization/failed-authorizations.js';
import { NextErrors } from './levers/next-errors.js';
import { PushedRequests } from './pushed-requests/pushed-requests.js';
import { OpenInteractions } from './engine/interactions/open-interactions.js';
import { Providers } from './engine/providers.js';
import { removeExpired } from './engine/remove-expired.js';
import { endRights } from './grants/end-grants-without-right.js';
import { PatientChoices } from './representation/patient-choices.js';
import { Representations } from './representation/representations.js';
import { RequestLimits } from './rate-limits/request-limits.js';
import { SecondFactorSettings } from './second-factor-pages/second-factor-settings.js';
import { MemberPasskeys } from './second-factor/member-passkeys.js';
import { RecentProof } from './second-factor/recent-proof.js';
import { SecondFactors } from './second-factor/second-factors.js';
import { Interactions } from './interactions/interactions.js';
import { SignInRecords } from './interactions/sign-in-records.js';
import { FindToken } from './tokens/find-token.js';
import { textsFor } from './http/languages.js';

/** The parts of auth-server. */
export function authServerParts({ config, events, identity, logger }: ServiceKit<Config>): ServiceParts {
  useBrand(brandOf(config));
  const log = nestLogger(logger);
  return {
    providers: [
      Apps,
      ClientAssertions,
      ClientAuthentication,
      Members,
      Representations,
      PatientChoices,
      SecondFactors,
      MemberPasskeys,
      RecentProof,
      SecondFactorSettings,
      Interactions,
      MemberProviders,
      EndedSessions,
      ProviderSignOut,
      SignInRecords,
      FailedAuthorizations,
      NextErrors,
      PushedRequests,
      AppRequests,
      FindToken,
      Providers,
      {
        provide: ConsentMessages,
        useValue: new ConsentMessages(config.CONSENT_JWKS_URL, config.SIGNING_KEYS_MAX_AGE_MS),
      },
      { provide: ConsentEncryptionKey, useValue: new ConsentEncryptionKey(config.CONSENT_JWKS_URL) },
      { provide: RequestLimits, useValue: new RequestLimits(config) },
      {
        provide: EventFreshness,
        inject: [FactFeeds],
        useFactory: (feeds: FactFeeds) => new EventFreshness(events, feeds),
      },
      {
        provide: AppMemory,
        inject: [DataSource, EventFreshness],
        useFactory: (source: DataSource, freshness: EventFreshness) =>
          new AppMemory(source, config.DATABASE_URL, freshness),
      },
      {
        provide: Keys,
        inject: [DataSource],
        useFactory: (source: DataSource) =>
          Keys.open(source, config.KEY_ENCRYPTION_KEY, config.SIGNING_KEYS_MAX_AGE_MS),
      },
      {
        provide: OpenInteractions,
        inject: [DataSource],
        useFactory: (source: DataSource) => new OpenInteractions(source, config.OPEN_INTERACTIONS_MAX),
      },
      {
        provide: APP_FILTER,
        useValue: new ErrorFilter({
          dialectOf,
          page: (failure, request) =>
            renderMemberFailure({ texts: textsFor(request), planName: config.PLAN_NAME }, failure),
          contentSecurityPolicy: memberMessagePolicy(),
        }),
      },
    ],
    facts: {
      inject: [DataSource],
      useFactory: (source: DataSource) => authServerFacts(config, identity, source, log),
    },
    jobs: {
      inject: [DataSource, OpenInteractions],
      useFactory: (source: DataSource, interactions: OpenInteractions): ScheduledJob[] => [
        { name: 'removing what has expired', interval: 60_000, run: () => removeExpired(source) },
        { name: 'ending rights to act for others', interval: 1000, run: () => endRights(source) },
        { name: 'removing open interactions', interval: 60_000, run: () => interactions.trim() },
      ],
    },
  };
}
