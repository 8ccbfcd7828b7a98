import { z } from 'zod';
import type { Environment } from '@payer/smart';

/** One database for each environment; the loader reads the same variables. */
export const databaseVariables = {
  SANDBOX_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/fhir_sandbox'),
  PRODUCTION_DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/fhir_production'),
};

/** Connection URL of an environment's database. */
export function databaseUrl(
  config: Record<keyof typeof databaseVariables, string>,
  environment: Environment,
): string {
  return environment === 'sandbox' ? config.SANDBOX_DATABASE_URL : config.PRODUCTION_DATABASE_URL;
}
