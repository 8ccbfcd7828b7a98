import type { Addresses } from '@payer/smart';
import { urlVariable } from './config.js';

/** Public addresses; the defaults are the fixed addresses of a local system. */
export const addressVariables = {
  SANDBOX_FHIR_BASE_URL: urlVariable('http://localhost:4003/sandbox/interop/external/fhir'),
  PRODUCTION_FHIR_BASE_URL: urlVariable('http://localhost:4003/interop/external/fhir'),
  AUTH_SERVER_URL: urlVariable('http://localhost:4000'),
  REGISTRATION_URL: urlVariable('http://localhost:4001'),
  CONSENT_URL: urlVariable('http://localhost:4002'),
};

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
