import { CreateOutbox1764000000000 } from '@payer/events';
import { migrateAs, type TableRights } from '@payer/service';
import type { Environment } from '@payer/smart';
import { AddAccessReads1764341000101 } from './access-counts/access-reads.migration.js';
import { CreateAccessTotals1764000100001 } from './access-counts/access-totals.migration.js';
import { CreateAccessDay1764000100011 } from './access-log/access-day.migration.js';
import { setRetention, type retentionVariables } from './access-log/access-retention.js';
import { AddAccessQuestions1764000100010 } from './access-log/access-questions.migration.js';
import { CreateAccessRecord1764000100002 } from './access-log/access-record.migration.js';
import { AddAccessResources1764000100003 } from './access-log/access-resources.migration.js';
import { AddAccessRetention1764000100012 } from './access-log/access-retention.migration.js';
import type { Config } from './config.js';
import { databaseUrl, ownerUrl, type databaseVariables, type ownerVariables } from './databases.js';
import { openPool } from '@payer/fhir-store/pool';
import { storeMigrations, storeTables } from '@payer/fhir-store/migrations';
import { CreateRecordCount1764341000100 } from './record-counts/record-count.migration.js';
import { CreateIssuerKeys1764000100000 } from './gateway/issuer-keys.migration.js';
import { CreateUsedProof1764800300000 } from './gateway/used-proofs.migration.js';

const migrations = [
  CreateOutbox1764000000000,
  ...storeMigrations,
  CreateIssuerKeys1764000100000,
  CreateAccessTotals1764000100001,
  CreateAccessRecord1764000100002,
  AddAccessResources1764000100003,
  AddAccessQuestions1764000100010,
  CreateAccessDay1764000100011,
  AddAccessRetention1764000100012,
  CreateRecordCount1764341000100,
  AddAccessReads1764341000101,
  CreateUsedProof1764800300000,
];

/** Resources are written by the loader, which is the owner; the API answers from them. */
const rights: TableRights = {
  read: [...storeTables, 'access_day', 'access_retention'],
  append: ['access_record'],
};

type MigrationConfig = Pick<Config, keyof typeof databaseVariables | keyof typeof retentionVariables> &
  Partial<Record<keyof typeof ownerVariables, string>>;

/** Brings the databases of the environments up to date. @returns the migrations run in each */
export async function migrateDatabases(
  config: MigrationConfig,
): Promise<Partial<Record<Environment, string[]>>> {
  const done: Partial<Record<Environment, string[]>> = {};
  for (const environment of config.ENVIRONMENTS) {
    const owner = ownerUrl(config, environment);
    done[environment] = await migrateAs(owner, {
      url: databaseUrl(config, environment),
      migrations,
      rights,
    });
    const pool = openPool({ connectionString: owner, max: 1 });
    await setRetention(pool, config.ACCESS_RECORD_DAYS).finally(() => pool.end());
  }
  return done;
}
