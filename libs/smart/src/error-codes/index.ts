import { fhirErrors } from './fhir-errors.js';
import { grantErrors } from './grant-errors.js';
import { oauthErrors } from './oauth-errors.js';
import { portalErrors } from './portal-errors.js';

export * from './documented-error.js';
export { fhirErrors, grantErrors, oauthErrors, portalErrors };

/** All documented errors; a code has one row for each part that answers with it. */
export const documentedErrors = [...oauthErrors, ...grantErrors, ...fhirErrors, ...portalErrors];
