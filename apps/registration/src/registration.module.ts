import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { DataSource } from 'typeorm';
import {
  databaseModule,
  FactsController,
  HealthModule,
  SERVED_FACTS,
  ServiceIdentity,
  verifyDatabase,
  type ReadinessCheck,
  type ServedFacts,
} from '@payer/service';
import { appFacts } from './facts/app-facts.js';
import { ActivityController } from './activity/activity.controller.js';
import { ActivityEvents } from './activity/activity.events.js';
import { ActivityService } from './activity/activity.service.js';
import { AppChanges } from './apps/app-changes.js';
import { AppSecretsController } from './apps/app-secrets.controller.js';
import { AppSecretsService } from './apps/app-secrets.service.js';
import { AppPages } from './app-page/app-pages.js';
import { AppTabsController } from './app-page/app-tabs.controller.js';
import { CredentialsPagesController } from './app-page/credentials-pages.controller.js';
import { NewSecretCookie } from './app-page/new-secret-cookie.js';
import { RedirectUrisPagesController } from './app-page/redirect-uris-pages.controller.js';
import { AppsPagesController } from './apps/apps-pages.controller.js';
import { MetadataCheckController } from './apps/metadata-check.controller.js';
import { Documentation } from './documentation/documentation.js';
import { DocumentationController } from './documentation/documentation.controller.js';
import { FhirReferences } from './documentation/fhir-reference.js';
import { LandingPage } from './landing/landing.js';
import { ServiceStatus } from './landing/service-status.js';
import { AppsController } from './apps/apps.controller.js';
import { AppsService } from './apps/apps.service.js';
import { AccessQuestionsPageController } from './audit-trail/access-questions-page.controller.js';
import { AccessQuestionsController } from './audit-trail/access-questions.controller.js';
import { AccessQuestions } from './audit-trail/access-questions.js';
import { AppSearch } from './audit-trail/app-search.js';
import { AuditExportController } from './audit-trail/audit-export.controller.js';
import { AuditExport } from './audit-trail/audit-export.js';
import { AuditController } from './audit-trail/audit.controller.js';
import { AuditEvents } from './audit-trail/audit.events.js';
import { AuditPageController } from './audit-trail/audit-page.controller.js';
import { AuditTrail } from './audit-trail/audit-trail.js';
import { DataAccess } from './audit-trail/data-access.js';
import { GrantHistory, GrantHistoryEvents } from './audit-trail/grant-history.js';
import { MemberDirectory } from './audit-trail/member-directory.js';
import { CONFIG, type RegistrationConfig } from './config.js';
import { databaseOptions } from './database/database-options.js';
import { AccountPagesController } from './developers/account-pages.controller.js';
import { DevelopersController } from './developers/developers.controller.js';
import { DevelopersService } from './developers/developers.service.js';
import { PageSession } from './developers/page-session.js';
import { PortalSessions } from './developers/portal-sessions.js';
import { PasswordsController } from './developers/passwords.controller.js';
import { PasswordsService } from './developers/passwords.service.js';
import { SessionEnds } from './developers/session-ends.js';
import { MailboxController } from './mail/mailbox.controller.js';
import { Mailer } from './mail/mailer.js';
import { SessionsController } from './developers/sessions.controller.js';
import { SignInPagesController } from './developers/sign-in-pages.controller.js';
import { SignInService } from './developers/sign-in.service.js';
import { InitialAccessTokensController } from './dynamic-registration/initial-access-tokens.controller.js';
import { InitialAccessTokens } from './dynamic-registration/initial-access-tokens.service.js';
import { RegisterController } from './dynamic-registration/register.controller.js';
import { ErrorsFilter } from './http/errors.filter.js';
import { EventRelay, RELAY_SOURCE, type RelaySource } from './event-relay.js';
import { PlatformAccount } from './platform-team/platform-account.js';
import { PlatformPagesController } from './platform-team/platform-pages.controller.js';
import { ProductionQueue } from './platform-team/production-queue.js';
import { SuspensionController } from './platform-team/suspension.controller.js';
import { SuspensionService } from './platform-team/suspension.service.js';
import { CreationLimits } from './rate-limits/creation-limits.js';
import { ProductionRequestsController } from './production-requests/production-requests.controller.js';
import { ProductionRequestsService } from './production-requests/production-requests.service.js';
import { showWaitingRequests } from './production-requests/waiting-requests.js';
import { SubscriptionsController } from './subscriptions/subscriptions.controller.js';
import { SubscriptionsService } from './subscriptions/subscriptions.service.js';

const api = [
  DevelopersController,
  SessionsController,
  PasswordsController,
  MailboxController,
  MetadataCheckController,
  AppsController,
  AppSecretsController,
  SubscriptionsController,
  ProductionRequestsController,
  SuspensionController,
  AuditController,
  AuditExportController,
  AccessQuestionsController,
  ActivityController,
  InitialAccessTokensController,
  RegisterController,
];

const pages = [
  SignInPagesController,
  AccountPagesController,
  AppsPagesController,
  DocumentationController,
  AppTabsController,
  CredentialsPagesController,
  RedirectUrisPagesController,
  AuditPageController,
  AccessQuestionsPageController,
  PlatformPagesController,
];

@Module({})
export class RegistrationModule {
  static with(
    config: RegistrationConfig,
    relay: RelaySource,
    checks: (source: () => DataSource) => ReadinessCheck[],
  ): DynamicModule {
    let source: DataSource | undefined;
    const identity = ServiceIdentity.of('registration', config);
    return {
      module: RegistrationModule,
      imports: [
        databaseModule({ ...databaseOptions(config.DATABASE_URL), verify: verifyDatabase(relay.recovery) }),
        HealthModule.with(
          checks(() => {
            if (!source) throw new Error('the database is not connected yet');
            return source;
          }),
        ),
      ],
      controllers: [...api, ...pages, ActivityEvents, AuditEvents, FactsController, GrantHistoryEvents],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: ServiceIdentity, useValue: identity },
        { provide: RELAY_SOURCE, useValue: relay },
        { provide: APP_FILTER, useClass: ErrorsFilter },
        {
          provide: SERVED_FACTS,
          inject: [DataSource],
          useFactory: (db: DataSource): ServedFacts => ({
            db,
            source: appFacts as ServedFacts['source'],
            owner: 'registration',
            identity,
          }),
        },
        {
          provide: 'connected',
          inject: [DataSource],
          useFactory: (connected: DataSource) => {
            showWaitingRequests(connected);
            return (source = connected);
          },
        },
        PortalSessions,
        PageSession,
        ProductionQueue,
        AppPages,
        NewSecretCookie,
        LandingPage,
        Documentation,
        FhirReferences,
        ServiceStatus,
        DevelopersService,
        SignInService,
        CreationLimits,
        SessionEnds,
        Mailer,
        PasswordsService,
        PlatformAccount,
        AppChanges,
        AppsService,
        AppSecretsService,
        SubscriptionsService,
        ProductionRequestsService,
        SuspensionService,
        ActivityService,
        AuditTrail,
        AuditExport,
        AccessQuestions,
        AppSearch,
        DataAccess,
        GrantHistory,
        MemberDirectory,
        InitialAccessTokens,
        EventRelay,
      ],
    };
  }
}
