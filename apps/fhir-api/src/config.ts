import { z } from 'zod';
import { environmentVariable, isTimeZone, variablesOfEach, type Environment } from '@payer/smart';
import {
  addressVariables,
  commonVariables,
  factFeedVariables,
  loadConfig,
  portVariable,
  quotasVariable,
  secret,
} from '@payer/service';
import { retentionVariables } from './access-log/access-retention.js';
import { databaseVariables, replicaVariables } from './databases.js';
import { brandVariable } from './brands/brand.js';
import { historyVariables, onOrOff } from './history-variables.js';
import { defaultMaxCost } from '@payer/fhir-store';

const optionalUrl = () =>
  z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' }).optional();

const perMinute = (localDefault: number) => z.coerce.number().int().min(1).default(localDefault);

/** Environment variables of the service, with the defaults of a local system. */
export const variables = {
  ...commonVariables,
  ...addressVariables,
  ...databaseVariables,
  ...replicaVariables,
  ...retentionVariables,
  PORT: portVariable(4003),
  /** Size of the connection pool of each environment's database. */
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  /** Highest estimated cost of a search (libs/fhir-store). A search above it is refused with 400. */
  SEARCH_COST_MAX: z.coerce.number().int().min(100).default(defaultMaxCost),
  /** Time zone of the plan, in which a business day begins and ends (42 CFR 422.119(b)(1)). */
  PLAN_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be a time zone, such as America/Chicago')
    .default('America/New_York'),
  /** Whether `Patient/[id]/$everything` is offered. */
  EVERYTHING_OPERATION: onOrOff('on'),
  /** Whether batch Bundles of reads and searches are offered (FHIR R4 §3.1.0.11). */
  BATCH_INTERACTION: onOrOff('on'),
  ...historyVariables,
  /**
   * Whether everybody may read the directory without a token (42 CFR 431.70). Off, because the payer's
   * developer page asks for a token.
   */
  ...variablesOfEach('OPEN_DIRECTORY', () => onOrOff('off')),
  /** Requests without a token that one address may send to each replica. */
  OPEN_DIRECTORY_LIMIT_PER_ADDRESS: quotasVariable('1200/60'),
  /** The folder that `npm run export-directory` fills. It is served as `$bulk-publish`, where it is set. */
  ...variablesOfEach('DIRECTORY_EXPORT', () => z.string().optional()),
  /**
   * Budget of one app per minute and replica: requests, resources in answers, milliseconds of work while
   * others wait.
   */
  APP_REQUESTS_PER_MINUTE: perMinute(1_200_000),
  APP_RESOURCES_PER_MINUTE: perMinute(12_000_000),
  APP_TIME_PER_MINUTE: perMinute(60_000),
  /** Authenticates the links of paged searches, so that a forged link cannot show more. */
  CURSOR_KEY: secret('local-only-cursor-key'),
  /**
   * URL of the issuer's keys, if it differs from `<issuer>/jwks` (an address inside the cluster, for
   * example).
   */
  ...variablesOfEach('JWKS_URL', optionalUrl),
  /** How the plan appears in apps, as JSON (brands/brand.ts). */
  BRAND: brandVariable,
  ...factFeedVariables,
  /** Seconds for which consent's answer about a grant is cached after a restore of consent's database. */
  GRANT_STATUS_CACHE_SECONDS: z.coerce.number().int().min(1).max(30).default(5),
  /** The database records each access. A log line per request would cost as much again as all checks. */
  REQUEST_LOG: commonVariables.REQUEST_LOG.removeDefault().default('failures'),
  /** Milliseconds between two writes of access records. A crash loses at most the records of this time. */
  ACCESS_RECORD_FLUSH_MS: z.coerce.number().int().min(10).max(10_000).default(1000),
  /** Milliseconds between two writes of the apps' access counts. */
  ACCESS_FLUSH_MS: z.coerce.number().int().min(10).max(600_000).default(2000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment?: Record<string, string | undefined>) {
  return loadConfig(variables, environment);
}

/** The configured URL of the issuer's keys, or undefined for the default. */
export function jwksUrl(config: Config, environment: Environment): string | undefined {
  return config[environmentVariable(environment, 'JWKS_URL')];
}

/** The folder of an environment's directory as files; undefined when it is not served. */
export function directoryExport(config: Config, environment: Environment): string | undefined {
  return config[environmentVariable(environment, 'DIRECTORY_EXPORT')];
}

/** Whether the directory of an environment is open to everybody. */
export function isDirectoryOpen(config: Config, environment: Environment): boolean {
  return config[environmentVariable(environment, 'OPEN_DIRECTORY')] === 'on';
}
