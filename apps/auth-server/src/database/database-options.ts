import {
  AddRecovery1764260000000,
  CreateFactFeed1764200000000,
  CreateFactPosition1764200000001,
  CreateOutbox1764000000000,
} from '@payer/events';
import {
  AddKeyPublishedAt1764300000000,
  CreateAppModel1764000000004,
  CreateAttempts1764000000005,
  CreateAuditTrail1764000000006,
  CreateKnownAddresses1764300000001,
  CreateSigningKeys1764000000001,
  CreateUsedMessages1764000000002,
  type DatabaseOptions,
} from '@payer/service';
import { AddRevocationFacts1764200300000 } from './add-revocation-facts.migration.js';
import { CreateMemberIdentity1764340100000 } from './member-identity.migration.js';
import { IndexArtifacts1764912000000 } from './index-artifacts.migration.js';
import { CreateProviderSession1764800600000 } from './provider-session.migration.js';
import { CreateMemberRemoval1764801000000 } from '../member-removal/member-removal.migration.js';
import { AddRemovalAddress1764902000000 } from '../member-removal/removal-address.migration.js';
import { AddMemberAddress1764800600002 } from './member-address.migration.js';
import { AddMemberExercises1764800100000 } from './member-exercises.migration.js';
import { AddMemberDescription1764911010000 } from './member-description.migration.js';
import { IndexMemberPatient1764000100020 } from './member-patient.migration.js';
import { AddImportedPassword1764900100000 } from './imported-password.migration.js';
import { AddGrantEndCause1764800200000 } from './grant-end-cause.migration.js';
import { CreateRepresentation1764342100000 } from './create-representation.migration.js';
import { CreateAuthServer1764000100000 } from './create-auth-server.migration.js';
import { CreateSecondFactor1764800700000 } from './create-second-factor.migration.js';
import { CreateMemberPasskey1764910850000 } from './member-passkeys.migration.js';
import { CreateEnvironmentRevocation1764260300000 } from './environment-revocation.migration.js';

export function databaseOptions(url: string): DatabaseOptions {
  return {
    url,
    rights: { append: ['audit_entry'] },
    migrations: [
      CreateOutbox1764000000000,
      CreateSigningKeys1764000000001,
      AddKeyPublishedAt1764300000000,
      CreateUsedMessages1764000000002,
      CreateAppModel1764000000004,
      CreateAttempts1764000000005,
      CreateAuthServer1764000100000,
      CreateAuditTrail1764000000006,
      CreateFactFeed1764200000000,
      CreateFactPosition1764200000001,
      AddRevocationFacts1764200300000,
      IndexMemberPatient1764000100020,
      AddRecovery1764260000000,
      CreateEnvironmentRevocation1764260300000,
      CreateKnownAddresses1764300000001,
      CreateMemberIdentity1764340100000,
      CreateRepresentation1764342100000,
      AddGrantEndCause1764800200000,
      CreateProviderSession1764800600000,
      AddMemberExercises1764800100000,
      AddMemberAddress1764800600002,
      CreateSecondFactor1764800700000,
      CreateMemberRemoval1764801000000,
      AddImportedPassword1764900100000,
      AddRemovalAddress1764902000000,
      CreateMemberPasskey1764910850000,
      AddMemberDescription1764911010000,
      IndexArtifacts1764912000000,
    ],
  };
}
