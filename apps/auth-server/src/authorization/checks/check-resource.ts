import { isFhirBase } from '@payer/smart';
import type { Check } from './check.js';

/**
 * RFC 8707 §2: the FHIR API of the environment is the only resource. The parameter may come more than once,
 * and a trailing slash is accepted.
 */
export const checkResource: Check = ({ addresses, parameters }) =>
  parameters.getAll('resource').every((resource) => isFhirBase(addresses, resource))
    ? undefined
    : {
        error: 'invalid_target',
        description: `resource must be the FHIR base URL of this environment, ${addresses.fhirBaseUrl}, or absent`,
      };
