import {
  AddRecovery1764260000000,
  CreateFactFeed1764200000000,
  CreateFactPosition1764200000001,
  CreateOutbox1764000000000,
} from '@payer/events';
import {
  AddKeyPublishedAt1764300000000,
  CreateAppModel1764000000004,
  CreateAuditTrail1764000000006,
  CreateSessions1764000000003,
  CreateSigningKeys1764000000001,
  CreateUsedMessages1764000000002,
  type DatabaseOptions,
} from '@payer/service';
import { AddDailyReads1764341000002 } from '../access-history/daily-reads.migration.js';
import { CreateRecordCount1764341000001 } from '../record-counts/create-record-count.migration.js';
import { AddChangedBy1764200200000 } from './add-changed-by.migration.js';
import { CreateConsent1764000200000 } from './create-consent.migration.js';
import { AddPendingGrants1764300200000 } from './pending-grants.migration.js';
import { CreateAppLogo1764340200001 } from '../logos/create-app-logo.migration.js';
import { CreateLogoCopy1764913200000 } from '../logos/create-logo-copy.migration.js';
import { MoveAudit1764000200001 } from './move-audit.migration.js';
import { CreateGrantNotice1764800600001 } from '../notices/create-grant-notice.migration.js';
import { AddAgreedTo1764341000000 } from './remember-grants.migration.js';
import { AddSensitiveChoice1764341000003 } from './sensitive-choice.migration.js';
import { AddRepresentedPatients1764342200000 } from './represented-patients.migration.js';
import { AddGrantedUntil1764340200000 } from './shorten-grants.migration.js';

export function databaseOptions(url: string): DatabaseOptions {
  return {
    url,
    rights: { append: ['audit_entry'] },
    migrations: [
      CreateOutbox1764000000000,
      CreateSigningKeys1764000000001,
      AddKeyPublishedAt1764300000000,
      CreateUsedMessages1764000000002,
      CreateSessions1764000000003,
      CreateAppModel1764000000004,
      CreateConsent1764000200000,
      CreateAuditTrail1764000000006,
      MoveAudit1764000200001,
      CreateFactFeed1764200000000,
      CreateFactPosition1764200000001,
      AddChangedBy1764200200000,
      AddRecovery1764260000000,
      AddPendingGrants1764300200000,
      AddGrantedUntil1764340200000,
      CreateAppLogo1764340200001,
      AddAgreedTo1764341000000,
      CreateRecordCount1764341000001,
      AddDailyReads1764341000002,
      AddSensitiveChoice1764341000003,
      AddRepresentedPatients1764342200000,
      CreateGrantNotice1764800600001,
      CreateLogoCopy1764913200000,
    ],
  };
}
