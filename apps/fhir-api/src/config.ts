import { z } from 'zod';
import { environmentVariable, variablesOfEach, type Environment } from '@payer/smart';
import {
  addressVariables,
  commonVariables,
  factFeedVariables,
  loadConfig,
  portVariable,
  secret,
} from '@payer/service';
import { databaseVariables, replicaVariables } from './databases.js';
import { defaultMaxCost } from '@payer/fhir-store';

const optionalUrl = () =>
  z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' }).optional();

const perMinute = (localDefault: number) => z.coerce.number().int().min(1).default(localDefault);

/** Read by the migrations, too: they set the retention in the database. */
export const retentionVariables = {
  /** Days that records of data access are kept; six years, as 45 CFR §164.316(b)(2)(i) asks of documentation. */
  ACCESS_RECORD_DAYS: z.coerce.number().int().min(31).max(36_500).default(2192),
};

/** Environment variables of the service, with the defaults of a local system. */
export const variables = {
  ...commonVariables,
  ...addressVariables,
  ...databaseVariables,
  ...replicaVariables,
  ...retentionVariables,
  PORT: portVariable(4003),
  /** Connections to each environment's database. */
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  /** Highest estimated cost of a search (libs/fhir-store); a search above it is refused with 400. */
  SEARCH_COST_MAX: z.coerce.number().int().min(100).default(defaultMaxCost),
  /** Budget of one app per minute on each replica: requests, resources in answers, milliseconds of work while others wait. */
  APP_REQUESTS_PER_MINUTE: perMinute(1_200_000),
  APP_RESOURCES_PER_MINUTE: perMinute(12_000_000),
  APP_TIME_PER_MINUTE: perMinute(60_000),
  /** Authenticates the links of paged searches, so that none can be forged to see more. */
  CURSOR_KEY: secret('local-only-cursor-key'),
  /** Where the issuer's keys are fetched, when not at `<issuer>/jwks` (an address inside the cluster, for example). */
  ...variablesOfEach('JWKS_URL', optionalUrl),
  ...factFeedVariables,
  /** Seconds that consent's answer about one grant is relied on, after its database was restored. */
  GRANT_STATUS_CACHE_SECONDS: z.coerce.number().int().min(1).max(30).default(5),
  /** Each request is recorded as an access in the database; a log line for each as well would cost as much as all checks. */
  REQUEST_LOG: commonVariables.REQUEST_LOG.removeDefault().default('failures'),
  /** Milliseconds between two writes of the records of data access: a crash loses no more than that. */
  ACCESS_RECORD_FLUSH_MS: z.coerce.number().int().min(10).max(10_000).default(1000),
  /** Milliseconds between two notes of how much each app has read. */
  ACCESS_FLUSH_MS: z.coerce.number().int().min(10).max(600_000).default(2000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment?: Record<string, string | undefined>) {
  return loadConfig(variables, environment);
}

/** The configured address of the issuer's keys, or undefined when they are where SMART configuration says. */
export function jwksUrl(config: Config, environment: Environment): string | undefined {
  return config[environmentVariable(environment, 'JWKS_URL')];
}
