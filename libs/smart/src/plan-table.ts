import {
  typesOfGrant,
  memberReferencedTypes,
  patientCompartmentTypes,
  publicTypes,
  type ResourceType,
} from './resource-types.js';

interface PlanText {
  title: string;
  /** One sentence for developers. */
  summary: string;
  /** The scopes of every token of this plan, no more and no fewer. */
  scopes: readonly string[];
  /**
   * Scopes that a request may name but that are not granted: apps and the developer page's example send them.
   */
  toleratedScopes: readonly string[];
}

/** The data that a plan's token may read. */
export type PlanReads =
  | {
      data: 'own compartment';
      /** Types of the member's compartment. */
      compartment: readonly ResourceType[];
      /**
       * Types outside the compartment: a resource is readable when a resource of the member references it.
       */
      referenced: readonly ResourceType[];
      /** Types that are made from the token's own grant. */
      ofGrant: readonly ResourceType[];
    }
  | { data: 'directory'; types: readonly ResourceType[] };

/** A plan. Only a flow with a member names a patient, so the type of a row ties the flow to the data. */
export type PlanRow = PlanText &
  (
    | { flow: 'authorization-code'; reads: Extract<PlanReads, { data: 'own compartment' }> }
    | { flow: 'client-credentials'; reads: Extract<PlanReads, { data: 'directory' }> }
  );

/**
 * The two authorization models of the developer page, one row each. A new plan is a new row; everything else
 * derives from it.
 */
export const planTable = {
  'patient-access': {
    title: 'Patient Access API',
    summary: "A member signs in and agrees; the app reads that member's own records.",
    flow: 'authorization-code',
    scopes: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs'],
    // Every grant comes with a refresh token, so these scopes add nothing.
    toleratedScopes: ['offline_access', 'online_access'],
    reads: {
      data: 'own compartment',
      compartment: patientCompartmentTypes,
      referenced: memberReferencedTypes,
      ofGrant: typesOfGrant,
    },
  },
  'provider-directory': {
    title: 'Provider Directory API',
    summary: 'The app itself reads the public provider directory and drug formulary; no member is involved.',
    flow: 'client-credentials',
    scopes: ['system/*.rs'],
    toleratedScopes: ['openid', 'fhirUser'],
    reads: { data: 'directory', types: publicTypes },
  },
} as const satisfies Record<string, PlanRow>;

/** The meaning of each scope of the table for an app's developer. */
export const scopeMeanings = {
  openid: 'An id_token, which says who the member is (OpenID Connect).',
  fhirUser:
    'The address of the person who signed in, as the claim fhirUser of the id_token: a Patient, or a RelatedPerson who acts for the patient.',
  'launch/patient': 'The member’s Patient id in the token answer, as patient.',
  'patient/*.rs': 'Read and search everything in the member’s record, and everything that it references.',
  'system/*.rs': 'Read and search the provider directory and the drug formulary.',
} as const satisfies Record<(typeof planTable)[keyof typeof planTable]['scopes'][number], string>;
