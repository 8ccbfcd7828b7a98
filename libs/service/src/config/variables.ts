import { z } from 'zod';
import type { Addresses } from '@payer/smart';
import { transportVariables } from '@payer/events';
import { urlVariable } from './config.js';

/** Variables that every service has. */
export const commonVariables = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('0.0.0.0'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `all` writes a log line for each request, `failures` only for those answered with 500 and above. */
  REQUEST_LOG: z.enum(['all', 'failures']).default('all'),
  /** Name of the health plan on every page. */
  PLAN_NAME: z.string().default('Example Health Plan'),
  /** Milliseconds between saying "not ready" and closing the door: as long as a load balancer takes to notice. */
  SHUTDOWN_DRAIN_MS: z.coerce.number().int().min(0).max(20_000).default(0),
  ...transportVariables,
};

/** Public addresses; the defaults are the fixed addresses of a local system. */
export const addressVariables = {
  SANDBOX_FHIR_BASE_URL: urlVariable('http://localhost:4003/sandbox/interop/external/fhir'),
  PRODUCTION_FHIR_BASE_URL: urlVariable('http://localhost:4003/interop/external/fhir'),
  AUTH_SERVER_URL: urlVariable('http://localhost:4000'),
  REGISTRATION_URL: urlVariable('http://localhost:4001'),
  CONSENT_URL: urlVariable('http://localhost:4002'),
};

export function portVariable(localDefault: number) {
  return z.coerce.number().int().min(0).max(65535).default(localDefault);
}

/** Addresses of both environments from {@link addressVariables}. */
export function addressesFrom(config: {
  SANDBOX_FHIR_BASE_URL: string;
  PRODUCTION_FHIR_BASE_URL: string;
  AUTH_SERVER_URL: string;
  REGISTRATION_URL: string;
  CONSENT_URL: string;
}): Addresses {
  const of = <E extends 'sandbox' | 'production'>(environment: E, fhirBaseUrl: string) => ({
    environment,
    fhirBaseUrl,
    issuer: `${config.AUTH_SERVER_URL}/${environment}`,
    managementUrl: `${config.CONSENT_URL}/${environment}/`,
    registrationUrl: `${config.REGISTRATION_URL}/register`,
  });
  return {
    sandbox: of('sandbox', config.SANDBOX_FHIR_BASE_URL),
    production: of('production', config.PRODUCTION_FHIR_BASE_URL),
  };
}
