import { fhirErrors } from './fhir-errors.js';
import { oauthErrors } from './oauth-errors.js';
import { portalErrors } from './portal-errors.js';

export * from './documented-error.js';
export { fhirErrors, oauthErrors, portalErrors };

/** All documented errors; a code has one row for each part that answers with it. */
export const documentedErrors = [...oauthErrors, ...fhirErrors, ...portalErrors];
