import { CreateOutbox1764000000000 } from '@payer/events';
import {
  CreateAppModel1764000000004,
  CreateSessions1764000000003,
  CreateSigningKeys1764000000001,
  CreateUsedMessages1764000000002,
  type DatabaseOptions,
} from '@payer/service';
import { CreateConsent1764000200000 } from './create-consent.migration.js';

export function databaseOptions(url: string): DatabaseOptions {
  return {
    url,
    migrations: [
      CreateOutbox1764000000000,
      CreateSigningKeys1764000000001,
      CreateUsedMessages1764000000002,
      CreateSessions1764000000003,
      CreateAppModel1764000000004,
      CreateConsent1764000200000,
    ],
  };
}
