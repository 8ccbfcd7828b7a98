import { environmentRules, planTable } from '@payer/smart/tables';

/**
 * Two plans that are no rows of the table: one whose app reads a part of the member's records, and one whose
 * app reads a part of the directory.
 */
export const newPlans = {
  'claims-summary': {
    title: 'Claims Summary API',
    summary: "A member signs in and agrees; the app reads that member's claims and nothing else.",
    flow: 'authorization-code',
    scopes: ['openid', 'fhirUser', 'launch/patient', 'patient/ExplanationOfBenefit.rs'],
    toleratedScopes: [],
    reads: {
      data: 'own compartment',
      compartment: ['Patient', 'Coverage', 'ExplanationOfBenefit'],
      referenced: ['Organization'],
      ofGrant: [],
    },
  },
  'insurance-plans': {
    title: 'Insurance Plans API',
    summary: 'The app itself reads the insurance plans on offer; no member is involved.',
    flow: 'client-credentials',
    scopes: ['system/InsurancePlan.rs'],
    toleratedScopes: [],
    reads: { data: 'directory', types: ['InsurancePlan', 'Organization'] },
  },
} as const;

/** An environment that is no row of the table: it opens with the platform team's approval. */
const newEnvironment = {
  preview: {
    title: 'Preview',
    opens: 'with-approval',
    data: 'synthetic',
    localFhirPath: '/preview/interop/external/fhir',
  },
} as const;

/**
 * Adds {@link newPlans} to the table of plans, and {@link newEnvironment} to the table of environments. To be
 * called before any module that reads the tables is loaded.
 */
export function addNewRows(): void {
  Object.assign(planTable, newPlans);
  Object.assign(environmentRules, newEnvironment);
}
