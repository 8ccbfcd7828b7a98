import { isFhirBase } from '@payer/smart';
import type { Check } from './check.js';

/**
 * SMART 2.2 §2.0.7: the app names the FHIR server that it will use, so that a counterfeit server gets no
 * token.
 */
export const checkAudience: Check = ({ addresses, parameters }) =>
  parameters.getAll('aud').every((audience) => isFhirBase(addresses, audience))
    ? undefined
    : {
        error: 'invalid_request',
        description: `aud must be the FHIR base URL of this environment, ${addresses.fhirBaseUrl}`,
      };
