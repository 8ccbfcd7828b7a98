import { z } from 'zod';
import { listVariable } from '@payer/service/config';
import { environments, type Environment } from '@payer/smart/environments';

/** One database for each environment; the loader reads the same variables. */
export const databaseVariables = {
  /** Environments that this process serves, or whose databases it migrates; those of the others need no variables. */
  ENVIRONMENTS: listVariable(environments.join()).pipe(
    z
      .array(z.enum(environments, { error: `must be of ${environments.join(', ')}` }))
      .min(1, 'must name an environment')
      .refine((names) => new Set(names).size === names.length, 'must name each environment once'),
  ),
  SANDBOX_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/fhir_sandbox'),
  PRODUCTION_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/fhir_production'),
};

/** The owners of the databases migrate and load; left out, the serving role does. */
export const ownerVariables = {
  SANDBOX_MIGRATION_DATABASE_URL: z.string().optional(),
  PRODUCTION_MIGRATION_DATABASE_URL: z.string().optional(),
};

/** Connection URL of the owner of an environment's database. */
export function ownerUrl(
  config: Record<'SANDBOX_DATABASE_URL' | 'PRODUCTION_DATABASE_URL', string> &
    Partial<Record<keyof typeof ownerVariables, string>>,
  environment: Environment,
): string {
  const own =
    environment === 'sandbox'
      ? config.SANDBOX_MIGRATION_DATABASE_URL
      : config.PRODUCTION_MIGRATION_DATABASE_URL;
  return own ?? databaseUrl(config, environment);
}

/** Connection URL of an environment's database. */
export function databaseUrl(
  config: Record<'SANDBOX_DATABASE_URL' | 'PRODUCTION_DATABASE_URL', string>,
  environment: Environment,
): string {
  return environment === 'sandbox' ? config.SANDBOX_DATABASE_URL : config.PRODUCTION_DATABASE_URL;
}
