import type { Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ActivityService } from './activity/activity.service.js';
import { AppRequests } from './activity/app-requests.js';
import { ApiReference } from './api-reference/openapi.js';
import { AppPages } from './app-page/app-pages.js';
import { NewSecretCookie } from './app-page/new-secret-cookie.js';
import { AppChanges } from './apps/app-changes.js';
import { AppSecretsService } from './apps/app-secrets.service.js';
import { AppsService } from './apps/apps.service.js';
import { ClientKeys } from './apps/client-keys.js';
import { AccessQuestions } from './audit-trail/access-questions.js';
import { AppSearch } from './audit-trail/app-search.js';
import { AuditExport } from './audit-trail/audit-export.js';
import { AuditNames } from './audit-trail/audit-names.js';
import { AuditTrail } from './audit-trail/audit-trail.js';
import { DataAccess } from './audit-trail/data-access.js';
import { GrantHistory } from './audit-trail/grant-history.js';
import { MemberDirectory } from './audit-trail/member-directory.js';
import { LoadStatuses } from './data-loads/load-status.js';
import { ConformanceRuns } from './conformance/conformance-runs.js';
import { DevelopersService } from './developers/developers.service.js';
import { PageSession } from './sessions/page-session.js';
import { EmailConfirmation } from './developers/email-confirmation.service.js';
import { PasswordsService } from './developers/passwords.service.js';
import { PortalSessions } from './sessions/portal-sessions.js';
import { SessionEnds } from './sessions/session-ends.js';
import { SignInService } from './developers/sign-in.service.js';
import { SignUpByMail } from './developers/sign-up-by-mail.service.js';
import { Documentation } from './documentation/documentation.js';
import { FhirReferences } from './documentation/documents/fhir-reference.js';
import { InitialAccessTokens } from './dynamic-registration/initial-access-tokens.service.js';
import { RegistrationTokens } from './dynamic-registration/registration-tokens.service.js';
import { ErrorsFilter } from './http/errors.filter.js';
import { PlatformHttp } from './http/platform-http.js';
import { LeversService } from './levers/levers.service.js';
import { SandboxTokens } from './levers/sandbox-tokens.js';
import { LandingPage } from './landing/landing.js';
import { ServiceStatus } from './landing/service-status.js';
import { MailDelivery } from './mail/mail-delivery.js';
import { Mailer } from './mail/mailer.js';
import { LogosService } from './logos/logos.service.js';
import { InvitationsService } from './organizations/invitations.service.js';
import { OrganizationRenames } from './organizations/organization-renames.service.js';
import { OrganizationsService } from './organizations/organizations.service.js';
import { PortalChallenges } from './passkeys/portal-challenges.js';
import { PasskeySignIn } from './passkeys/passkey-sign-in.service.js';
import { PasskeysService } from './passkeys/passkeys.service.js';
import { PlatformAccount } from './platform-team/platform-account.js';
import { ProductionQueue } from './platform-team/production-queue.js';
import { SuspensionService } from './platform-team/suspension.service.js';
import { ConversationService } from './production-requests/conversation.service.js';
import { DecisionsService } from './production-requests/decisions.service.js';
import { RequestMails } from './production-requests/request-mails.js';
import { RequestQueue } from './production-requests/request-queue.js';
import { ChangeDecisionsService } from './reviewed-changes/change-decisions.service.js';
import { ProductionRequestsService } from './production-requests/production-requests.service.js';
import { WaitingRequests } from './production-requests/waiting-requests.js';
import { CreationLimits } from './rate-limits/creation-limits.js';
import { DecisionsReports } from './reports/decisions-report.js';
import { PatientAccessReports } from './reports/patient-access-report.js';
import { ReportFiles } from './reports/report-files.js';
import { UsageReports } from './reports/usage-report.js';
import { SearchService } from './search/search.service.js';
import { TeamProvider } from './team/team-provider.js';
import { SoftwareStatements } from './dynamic-registration/software-statements.service.js';
import { TeamSignInService } from './team/team-sign-in.service.js';
import { TeamService } from './team/team.service.js';
import { SubscriptionsService } from './subscriptions/subscriptions.service.js';
import { Demonstration } from './try-it/demonstration.js';
import { Explorer } from './try-it/explorer.js';
import { Flow } from './try-it/flow.js';
import { PortalAccess } from './apps/portal-access.js';
import { PortalReadyApps } from './apps/portal-ready-apps.js';
import { Runs } from './try-it/runs.js';
import { Trials } from './try-it/trials.js';
import { SecretNotices } from './webhooks/secret-notices.js';
import { WebhookEndpointsService } from './webhooks/webhook-endpoints.service.js';
import { WebhookLogService } from './webhooks/webhook-log.service.js';
import { WebhookSender } from './webhooks/webhook-sender.js';
import { WebhookTarget } from './webhooks/webhook-target.js';

/** The parts of registration. */
export const providers: Provider[] = [
  { provide: APP_FILTER, useClass: ErrorsFilter },
  PortalSessions,
  PageSession,
  ProductionQueue,
  AppPages,
  NewSecretCookie,
  PlatformHttp,
  PortalAccess,
  PortalReadyApps,
  SandboxTokens,
  LeversService,
  Flow,
  Runs,
  Explorer,
  Demonstration,
  Trials,
  LandingPage,
  ConformanceRuns,
  ApiReference,
  Documentation,
  FhirReferences,
  ServiceStatus,
  DevelopersService,
  SignUpByMail,
  SignInService,
  CreationLimits,
  SessionEnds,
  Mailer,
  MailDelivery,
  EmailConfirmation,
  PasswordsService,
  LogosService,
  PortalChallenges,
  PasskeysService,
  PasskeySignIn,
  OrganizationsService,
  OrganizationRenames,
  InvitationsService,
  PlatformAccount,
  AppChanges,
  AppsService,
  ClientKeys,
  AppSecretsService,
  SubscriptionsService,
  ProductionRequestsService,
  ConversationService,
  DecisionsService,
  RequestMails,
  RequestQueue,
  ChangeDecisionsService,
  SuspensionService,
  ActivityService,
  AppRequests,
  AuditTrail,
  AuditExport,
  AuditNames,
  AccessQuestions,
  AppSearch,
  DataAccess,
  LoadStatuses,
  GrantHistory,
  MemberDirectory,
  InitialAccessTokens,
  RegistrationTokens,
  SoftwareStatements,
  WaitingRequests,
  WebhookTarget,
  WebhookEndpointsService,
  WebhookLogService,
  WebhookSender,
  SecretNotices,
  TeamService,
  TeamProvider,
  TeamSignInService,
  SearchService,
  PatientAccessReports,
  UsageReports,
  DecisionsReports,
  ReportFiles,
];
