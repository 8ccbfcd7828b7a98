import {
  environmentRules,
  environmentVariable,
  byEnvironment,
  variablesOfEach,
  type Addresses,
} from '@payer/smart/environments';
import type { z } from 'zod';
import { urlVariable } from './config.js';

/** Public addresses; the defaults are the fixed addresses of a local system. */
export const addressVariables = {
  ...variablesOfEach('FHIR_BASE_URL', (environment) =>
    urlVariable(`http://localhost:4003${environmentRules[environment].localFhirPath}`),
  ),
  AUTH_SERVER_URL: urlVariable('http://localhost:4000'),
  REGISTRATION_URL: urlVariable('http://localhost:4001'),
  CONSENT_URL: urlVariable('http://localhost:4002'),
};

/** Addresses of each environment from {@link addressVariables}. */
export function addressesFrom(config: z.infer<z.ZodObject<typeof addressVariables>>): Addresses {
  return byEnvironment((environment) => ({
    environment,
    fhirBaseUrl: config[environmentVariable(environment, 'FHIR_BASE_URL')],
    issuer: `${config.AUTH_SERVER_URL}/${environment}`,
    managementUrl: `${config.CONSENT_URL}/${environment}/`,
    registrationUrl: `${config.REGISTRATION_URL}/register`,
  }));
}
