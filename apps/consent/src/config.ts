import { z } from 'zod';
import {
  addressesFrom,
  addressVariables,
  commonVariables,
  factFeedVariables,
  journalVariables,
  loadConfig,
  ownDatabaseVariables,
  portVariable,
  secret,
} from '@payer/service';
import { isTimeZone } from '@payer/smart';

/** Environment variables of the service, with the defaults of a local system. */
const variables = {
  ...commonVariables,
  ...addressVariables,
  ...factFeedVariables,
  ...journalVariables,
  PORT: portVariable(4002),
  DATABASE_URL: ownDatabaseVariables('consent').DATABASE_URL,
  /** Encrypts the signing keys in the database. */
  KEY_ENCRYPTION_KEY: secret('local-only-key-encryption-key'),
  /** Longest duration of a grant, in days. */
  GRANT_LIFETIME_DAYS: z.coerce.number().int().min(1).max(3650).default(365),
  /** IANA name of the time zone in which pages without scripts show times. */
  PLAN_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be the IANA name of a time zone, such as America/New_York')
    .default('America/New_York'),
  HEARTBEAT_INTERVAL_MS: z.coerce.number().int().min(100).max(10_000).default(2000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment: Record<string, string | undefined> = process.env) {
  const config = loadConfig(variables, environment);
  return {
    ...config,
    AUTH_SERVER_INTERNAL_URL: config.AUTH_SERVER_INTERNAL_URL ?? config.AUTH_SERVER_URL,
    addresses: addressesFrom(config),
  };
}
