import { ActivityController } from './activity/activity.controller.js';
import { ActivityEvents } from './activity/activity.events.js';
import { ActivityPagesController } from './app-page/activity-pages.controller.js';
import { AppTabsController } from './app-page/app-tabs.controller.js';
import { CredentialsPagesController } from './app-page/credentials-pages.controller.js';
import { RedirectUrisPagesController } from './app-page/redirect-uris-pages.controller.js';
import { WebhooksPagesController } from './app-page/webhooks-pages.controller.js';
import { AppSecretsController } from './apps/app-secrets.controller.js';
import { AppsPagesController } from './app-list/apps-pages.controller.js';
import { AppsController } from './apps/apps.controller.js';
import { MetadataCheckController } from './apps/metadata-check.controller.js';
import { AccessQuestionsPageController } from './audit-trail/access-questions-page.controller.js';
import { AccessQuestionsController } from './audit-trail/access-questions.controller.js';
import { AuditExportController } from './audit-trail/audit-export.controller.js';
import { AuditPageController } from './audit-trail/audit-page.controller.js';
import { AuditController } from './audit-trail/audit.controller.js';
import { AuditEvents } from './audit-trail/audit.events.js';
import { GrantHistoryEvents } from './audit-trail/grant-history.events.js';
import { ConformanceController } from './conformance/conformance.controller.js';
import { AccountPagesController } from './developers/account-pages.controller.js';
import { EmailConfirmationPagesController } from './developers/email-confirmation-pages.controller.js';
import { EmailConfirmationController } from './developers/email-confirmation.controller.js';
import { LoadsController } from './data-loads/loads.controller.js';
import { LoadsPageController } from './data-loads/loads-page.controller.js';
import { BrandPagesController } from './brand/brand-pages.controller.js';
import { DevelopersController } from './developers/developers.controller.js';
import { PasswordsController } from './developers/passwords.controller.js';
import { SessionsController } from './developers/sessions.controller.js';
import { SignInPagesController } from './developers/sign-in-pages.controller.js';
import { SignUpByMailPagesController } from './developers/sign-up-by-mail-pages.controller.js';
import { SignUpByMailController } from './developers/sign-up-by-mail.controller.js';
import { DocumentationController } from './documentation/documentation.controller.js';
import { InitialAccessTokensController } from './dynamic-registration/initial-access-tokens.controller.js';
import { ClientConfigurationController } from './dynamic-registration/client-configuration.controller.js';
import { RegistrationTokenController } from './dynamic-registration/registration-token.controller.js';
import { RegisterController } from './dynamic-registration/register.controller.js';
import { LeversController } from './levers/levers.controller.js';
import { LeversPagesController } from './app-page/levers-pages.controller.js';
import { MailboxController } from './mail/mailbox.controller.js';
import { LogoPagesController } from './app-page/logo-pages.controller.js';
import { InternalLogosController, LogoFilesController, LogosController } from './logos/logos.controller.js';
import { MailsController } from './mail/mails.controller.js';
import { InvitationPagesController } from './organizations/invitation-pages.controller.js';
import { OrganizationsPagesController } from './organizations/organizations-pages.controller.js';
import { OrganizationsController } from './organizations/organizations.controller.js';
import { PasskeySignInPagesController } from './passkeys/passkey-sign-in-pages.controller.js';
import { PasskeySignInController } from './passkeys/passkey-sign-in.controller.js';
import { PasskeysPagesController } from './passkeys/passkeys-pages.controller.js';
import { PasskeysController } from './passkeys/passkeys.controller.js';
import { PlatformPagesController } from './platform-team/platform-pages.controller.js';
import { SuspensionController } from './platform-team/suspension.controller.js';
import { ReviewPagesController } from './platform-team/review-pages.controller.js';
import { DecisionsController } from './production-requests/decisions.controller.js';
import { ChangeDecisionsController } from './reviewed-changes/change-decisions.controller.js';
import { ProductionPagesController } from './app-page/production-pages.controller.js';
import { ProductionRequestsController } from './production-requests/production-requests.controller.js';
import { ReportsPagesController } from './reports/reports-pages.controller.js';
import { ReportsController } from './reports/reports.controller.js';
import { SearchPageController } from './search/search-page.controller.js';
import { SearchController } from './search/search.controller.js';
import { TeamPagesController } from './team/team-pages.controller.js';
import { TeamSignInController } from './team/team-sign-in.controller.js';
import { TeamController } from './team/team.controller.js';
import { SubscriptionsController } from './subscriptions/subscriptions.controller.js';
import { TryItController } from './try-it/try-it.controller.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** The JSON API, for programs. */
const api = [
  DevelopersController,
  SignUpByMailController,
  SessionsController,
  PasswordsController,
  PasskeysController,
  PasskeySignInController,
  OrganizationsController,
  LogosController,
  LogoFilesController,
  InternalLogosController,
  EmailConfirmationController,
  MailboxController,
  MailsController,
  MetadataCheckController,
  AppsController,
  AppSecretsController,
  SubscriptionsController,
  ProductionRequestsController,
  DecisionsController,
  ChangeDecisionsController,
  SuspensionController,
  TeamController,
  SearchController,
  ReportsController,
  AuditController,
  AuditExportController,
  AccessQuestionsController,
  LoadsController,
  ActivityController,
  LeversController,
  InitialAccessTokensController,
  RegisterController,
  ClientConfigurationController,
  RegistrationTokenController,
  WebhooksController,
  ConformanceController,
];

/** The portal's pages. */
const pages = [
  SignInPagesController,
  SignUpByMailPagesController,
  PasskeySignInPagesController,
  PasskeysPagesController,
  OrganizationsPagesController,
  LogoPagesController,
  InvitationPagesController,
  AccountPagesController,
  EmailConfirmationPagesController,
  AppsPagesController,
  DocumentationController,
  TryItController,
  AppTabsController,
  ActivityPagesController,
  CredentialsPagesController,
  RedirectUrisPagesController,
  WebhooksPagesController,
  LeversPagesController,
  ProductionPagesController,
  AuditPageController,
  AccessQuestionsPageController,
  LoadsPageController,
  BrandPagesController,
  PlatformPagesController,
  ReviewPagesController,
  TeamPagesController,
  TeamSignInController,
  SearchPageController,
  ReportsPagesController,
];

/** Handlers of events. */
const events = [ActivityEvents, AuditEvents, GrantHistoryEvents];

/** HTTP routes and event handlers of registration. */
export const controllers = [...api, ...pages, ...events];
