import { environments } from '@payer/smart';
import { z } from 'zod';
import {
  addressVariables,
  commonVariables,
  journalVariables,
  loadConfig,
  ownDatabaseVariables,
  portVariable,
  secret,
} from '@payer/service';
import { creationLimitVariables } from './rate-limits/variables.js';

const seconds = (localDefault: number) => z.coerce.number().int().min(0).default(localDefault);

/** Environment variables of the service, with the defaults of a local system. */
const variables = {
  ...commonVariables,
  ...addressVariables,
  ...creationLimitVariables,
  ...journalVariables,
  PORT: portVariable(4001),
  DATABASE_URL: ownDatabaseVariables('registration').DATABASE_URL,
  /** The platform team's first account; it is given this password once, and again when another one is configured. */
  PLATFORM_EMAIL: z.email().default('platform@example.org'),
  PLATFORM_PASSWORD: secret('platform-password'),
  /** Where developers ask for help. The landing page and the documentation show it. */
  CONTACT_EMAIL: z.email().default('api-support@example.org'),
  /** Seals a new client secret on its way to the page that shows it once. */
  PORTAL_SEALING_KEY: secret('local-only-portal-sealing-key'),
  /**
   * Where fhir-api answers from here; by default the origin of the environment's base. `{environment}` in it stands for
   * the environment, where each has processes of its own.
   */
  FHIR_API_INTERNAL_URL: z
    .string()
    .refine(
      (url) => URL.canParse(url.replace('{environment}', 'any')),
      `must be a URL; {environment} in it stands for ${environments.join(' or ')}`,
    )
    .optional(),
  /** Where auth-server answers from here; by default AUTH_SERVER_URL. */
  AUTH_SERVER_INTERNAL_URL: z.url().optional(),
  /** How long a client secret works on after it was replaced. */
  SECRET_GRACE_SECONDS: seconds(86_400),
  SESSION_SECONDS: seconds(8 * 3600),
  /** Apps that one developer may have; ten times as many with the deleted ones, which are kept. */
  APPS_PER_DEVELOPER_MAX: z.coerce.number().int().min(1).default(5000),
};

export type Config = ReturnType<typeof readConfig>;

/** @throws ConfigError */
export function readConfig(environment?: Record<string, string | undefined>) {
  return loadConfig(variables, environment);
}
