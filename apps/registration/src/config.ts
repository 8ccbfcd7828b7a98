import { environments } from '@payer/smart';
import { z } from 'zod';
import {
  addressVariables,
  commonVariables,
  ConfigError,
  journalVariables,
  loadConfig,
  loopbackVariable,
  ownDatabaseVariables,
  portVariable,
  secret,
  strictInProduction,
} from '@payer/service';
import { creationLimitVariables } from './creation-limit-variables.js';
import { parseStatementIssuers } from './software-statement-rule.js';
import { parseTeamProvider } from './team-provider-rule.js';

const seconds = (localDefault: number) => z.coerce.number().int().min(0).default(localDefault);

/** Environment variables of the service, with the defaults of a local system. */
const variables = {
  ...commonVariables,
  ...addressVariables,
  ...creationLimitVariables,
  ...journalVariables,
  PORT: portVariable(4001),
  DATABASE_URL: ownDatabaseVariables('registration').DATABASE_URL,
  /**
   * The first account of the platform team. It gets this password once, and again after the variable was
   * changed.
   */
  PLATFORM_EMAIL: z.email().default('platform@example.org'),
  PLATFORM_PASSWORD: secret('platform-password'),
  /**
   * The OpenID Connect provider of the payer's staff, as JSON (team-provider-rule.ts). The value contains a
   * client secret, so no message repeats it.
   */
  PLATFORM_PROVIDER: z.string().optional(),
  /**
   * Trusted signers of software statements (RFC 7591 §2.3), as a JSON list (software-statement-rule.ts). An
   * empty list turns software statements off.
   */
  SOFTWARE_STATEMENT_ISSUERS: z.string().default('[]'),
  /** Support address for developers, shown on the landing page and in the documentation. */
  CONTACT_EMAIL: z.email().default('api-support@example.org'),
  /** Seals a new client secret on its way to the page that shows it once. */
  PORTAL_SEALING_KEY: secret('local-only-portal-sealing-key'),
  /**
   * Internal URL of fhir-api. Defaults to the origin of the environment's base. `{environment}` stands for
   * the environment, if each has its own processes.
   */
  FHIR_API_INTERNAL_URL: z
    .string()
    .refine(
      (url) => URL.canParse(url.replace('{environment}', 'any')),
      `must be a URL; {environment} in it stands for ${environments.join(' or ')}`,
    )
    .optional(),
  /** Internal URL of auth-server. Defaults to AUTH_SERVER_URL. */
  AUTH_SERVER_INTERNAL_URL: z.url().optional(),
  /**
   * Origins of the public ports of auth-server and fhir-api as seen from this service, for "Try it" and the
   * documentation. Default to the public URLs. `{environment}` stands for the environment.
   */
  AUTH_SERVER_ORIGIN: z.url().optional(),
  FHIR_API_ORIGIN: z.string().optional(),
  /** Seconds for which a replaced client secret stays valid. */
  SECRET_GRACE_SECONDS: seconds(86_400),
  /** Days within which the platform team means to decide a request. Later requests are marked as overdue. */
  REVIEW_DAYS: z.coerce.number().int().min(1).max(365).default(10),
  /** Whether webhooks may go to this machine (127.0.0.1), for receivers under development. */
  WEBHOOK_LOOPBACK: loopbackVariable,
  /** Whether an app's `jwks_uri` may lead to this machine. auth-server needs the same value. */
  JWKS_LOOPBACK: loopbackVariable,
  /**
   * The SMTP server for mails, such as smtps://user:password@mail.example:465, or
   * smtp://user:password@mail.example:587?requireTLS=true for STARTTLS. Unset means that no mail leaves the
   * system: a local system shows its mails at /mailbox. No message shows the password of the value.
   */
  SMTP_URL: strictInProduction(
    z.url({ protocol: /^smtps?$/, error: 'must be an smtp: or smtps: URL' }).optional(),
    (url) =>
      /^smtps:/i.test(url) || !URL.canParse(url) || new URL(url).searchParams.get('requireTLS') === 'true'
        ? undefined
        : 'is an smtp: URL: must begin with smtps:, or have ?requireTLS=true,',
  ),
  /** Sender of the mails. */
  MAIL_FROM: z.email().default('no-reply@example.org'),
  /**
   * Whether a developer confirms the email address before a request for production. Unset means required with
   * `NODE_ENV=production` and SMTP_URL.
   */
  EMAIL_CONFIRMATION: z.enum(['required', 'optional']).optional(),
  /**
   * Whether a new account opens at once, or with the link of a mail. With the mail, no answer tells whether
   * an address has an account. Unset means by mail with `NODE_ENV=production` and SMTP_URL.
   */
  SIGN_UP: z.enum(['at-once', 'by-mail']).optional(),
  SESSION_SECONDS: seconds(8 * 3600),
  /** The most apps of one organization. With deleted apps, which are kept, the limit is ten times as high. */
  APPS_PER_DEVELOPER_MAX: z.coerce.number().int().min(1).default(5000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment?: Record<string, string | undefined>) {
  const config = loadConfig(variables, environment);
  return {
    ...config,
    PLATFORM_PROVIDER: teamProvider(config),
    SOFTWARE_STATEMENT_ISSUERS: statementIssuers(config),
  };
}

/** @throws ConfigError without the value, which contains a client secret */
function teamProvider({ PLATFORM_PROVIDER, NODE_ENV }: { PLATFORM_PROVIDER?: string; NODE_ENV: string }) {
  if (!PLATFORM_PROVIDER) return undefined;
  try {
    return parseTeamProvider(PLATFORM_PROVIDER, NODE_ENV === 'production');
  } catch (error) {
    throw new ConfigError([`PLATFORM_PROVIDER is set: ${(error as Error).message}`]);
  }
}

/** @throws ConfigError */
function statementIssuers(config: { SOFTWARE_STATEMENT_ISSUERS: string; NODE_ENV: string }) {
  const { SOFTWARE_STATEMENT_ISSUERS: text, NODE_ENV } = config;
  try {
    return parseStatementIssuers(text || '[]', NODE_ENV === 'production');
  } catch (error) {
    throw new ConfigError([`SOFTWARE_STATEMENT_ISSUERS is set: ${(error as Error).message}`]);
  }
}
