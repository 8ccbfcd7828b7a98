import { z } from 'zod';
import {
  addressesFrom,
  addressVariables,
  commonVariables,
  ConfigError,
  factFeedVariables,
  journalVariables,
  loadConfig,
  loopbackVariable,
  ownDatabaseVariables,
  portVariable,
  secret,
  signingAlgorithms,
  strictInProduction,
} from '@payer/service';
import { parseMemberProviders } from './member-provider-rules/provider-rules.js';
import { requestLimitVariables } from './request-limit-variables.js';

/** Environment variables of the service, with the defaults of a local system. */
const variables = {
  ...commonVariables,
  ...addressVariables,
  ...factFeedVariables,
  ...requestLimitVariables,
  ...journalVariables,
  PORT: portVariable(4000),
  DATABASE_URL: ownDatabaseVariables('auth-server').DATABASE_URL,
  /** Encrypts the signing keys in the database. */
  KEY_ENCRYPTION_KEY: secret('local-only-key-encryption-key'),
  /**
   * Signs access tokens (RFC 9068 §2.1). ES256 costs a thirtieth of the time of RS256. id_tokens are always
   * RS256 (OpenID Connect Core §15.1).
   */
  ACCESS_TOKEN_ALGORITHM: z.enum(signingAlgorithms).default('RS256'),
  /** Signs cookies. */
  COOKIE_KEY: secret('local-only-auth-server-cookie-key'),
  /** Bearer secret of a resource server. It may introspect any token of its environment (SMART 2.2 §5). */
  INTROSPECTION_TOKEN: secret('local-only-introspection-token'),
  /** URL of consent's public keys. Defaults to `/jwks` of CONSENT_URL. */
  CONSENT_JWKS_URL: z.url().optional(),
  /**
   * The plan's own sign-in providers (OpenID Connect) as a JSON list. docs/operations.md has an example.
   * Members of an environment without a provider sign in with passwords. The value contains client secrets,
   * so no message repeats it.
   */
  MEMBER_PROVIDERS: z.string().default('[]'),
  /** Whether an app's `jwks_uri` may lead to this machine. registration needs the same value. */
  JWKS_LOOPBACK: loopbackVariable,
  /** Page of the plan where a member gets a new password. Shown where members sign in with a password. */
  FORGOT_PASSWORD_URL: strictInProduction(
    z.url({ protocol: /^https?$/, error: 'must be a URL that begins with https://' }).optional(),
    (url) => (/^https:/i.test(url) ? undefined : `is "${url}": must be an https address`),
  ),
  /** The most open authorization requests without a sign-in. Beyond this number the oldest are removed. */
  OPEN_INTERACTIONS_MAX: z.coerce.number().int().min(100).default(50_000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment: Record<string, string | undefined> = process.env) {
  const config = loadConfig(variables, environment);
  return {
    ...config,
    MEMBER_PROVIDERS: memberProviders(config),
    CONSENT_JWKS_URL: config.CONSENT_JWKS_URL ?? `${config.CONSENT_URL}/jwks`,
    addresses: addressesFrom(config),
  };
}

/** @throws ConfigError without the value, which contains client secrets */
function memberProviders(config: { MEMBER_PROVIDERS: string; NODE_ENV: string }) {
  try {
    return parseMemberProviders(config.MEMBER_PROVIDERS, config.NODE_ENV === 'production');
  } catch (error) {
    throw new ConfigError([`MEMBER_PROVIDERS is set: ${(error as Error).message}`]);
  }
}
