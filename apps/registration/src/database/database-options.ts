import {
  AddRecovery1764260000000,
  CreateFactFeed1764200000000,
  CreateOutbox1764000000000,
} from '@payer/events';
import {
  CreateAttempts1764000000005,
  CreateAuditTrail1764000000006,
  CreateKnownAddresses1764300000001,
  CreateSessions1764000000003,
  type DatabaseOptions,
} from '@payer/service';
import { AppSecret } from '../apps/app-secret.entity.js';
import { App } from '../apps/app.entity.js';
import { CreateAccessHistory1764100000010 } from '../audit-trail/access-history.migration.js';
import { Account } from '../sessions/account.entity.js';
import { ProductionRequest } from '../request-record/production-request.entity.js';
import { AddChangedBy1764200100000 } from './add-changed-by.migration.js';
import { AddClientAuthentication1764800100000 } from './client-authentication.migration.js';
import { CreatePortal1764100000000 } from './create-portal.migration.js';
import { AddProductionReview1764600200000 } from './production-review.migration.js';
import { AddPendingSignUps1764900500000 } from './pending-sign-ups.migration.js';
import { CreateAppRequests1764500100000 } from './app-requests.migration.js';
import { AddPortalAccess1764400100000 } from './portal-access.migration.js';
import { CreateConformanceRuns1764800300000 } from './conformance-runs.migration.js';
import { AddPasswordResets1764300100000 } from './passwords.migration.js';
import { AddMailDelivery1764700200000 } from './mail-delivery.migration.js';
import { AddLevers1764800600000 } from './levers.migration.js';
import { MarkMailedSignUps1764901000000 } from './mailed-sign-ups.migration.js';
import { MarkMemberMails1764900900000 } from './member-mails.migration.js';
import { NumberAppRequests1764900700000 } from './number-app-requests.migration.js';
import { AddLogos1764800300000 } from './logos.migration.js';
import { AddOrganizations1764800200000 } from './organizations.migration.js';
import { AddOrganizationNames1764900600000 } from './organization-names.migration.js';
import { AddPasskeys1764800100000 } from './passkeys.migration.js';
import { AddRegistrationToken1764800500000 } from './registration-token.migration.js';
import { AddPostLogoutUris1764900200000 } from './post-logout-uris.migration.js';
import { AddSoftwareStatement1764900300000 } from './software-statement.migration.js';
import { AddSecuritySwitches1764800400000 } from './security-switches.migration.js';
import { CreateWebhooks1764700100000 } from './webhooks.migration.js';
import { MoveAudit1764100000001 } from './move-audit.migration.js';

/** Entities and migrations of the registration database. */
export function databaseOptions(url: string): DatabaseOptions {
  return {
    url,
    rights: { append: ['audit_entry'] },
    entities: [Account, App, AppSecret, ProductionRequest],
    migrations: [
      CreateOutbox1764000000000,
      CreateSessions1764000000003,
      CreateAttempts1764000000005,
      CreatePortal1764100000000,
      CreateAuditTrail1764000000006,
      MoveAudit1764100000001,
      CreateFactFeed1764200000000,
      AddChangedBy1764200100000,
      CreateAccessHistory1764100000010,
      AddRecovery1764260000000,
      CreateKnownAddresses1764300000001,
      AddPasswordResets1764300100000,
      AddPortalAccess1764400100000,
      CreateAppRequests1764500100000,
      AddProductionReview1764600200000,
      CreateWebhooks1764700100000,
      AddMailDelivery1764700200000,
      AddPasskeys1764800100000,
      AddOrganizations1764800200000,
      AddClientAuthentication1764800100000,
      AddLogos1764800300000,
      CreateConformanceRuns1764800300000,
      AddSecuritySwitches1764800400000,
      AddRegistrationToken1764800500000,
      AddPostLogoutUris1764900200000,
      AddSoftwareStatement1764900300000,
      AddLevers1764800600000,
      AddPendingSignUps1764900500000,
      AddOrganizationNames1764900600000,
      NumberAppRequests1764900700000,
      MarkMemberMails1764900900000,
      MarkMailedSignUps1764901000000,
    ],
  };
}
