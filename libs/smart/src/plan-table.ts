import {
  directoryTypes,
  memberReferencedTypes,
  patientCompartmentTypes,
  type ResourceType,
} from './resource-types.js';

interface PlanText {
  title: string;
  /** One sentence for developers. */
  summary: string;
  /** The scopes of every token of this plan: no more, no less. */
  scopes: readonly string[];
  /** Scopes that a request may name and that are not granted: clients and the developer page's example send them. */
  toleratedScopes: readonly string[];
}

/** The data that a token of a plan reads. */
export type PlanReads =
  | {
      data: 'own compartment';
      /** Types of the member's compartment. */
      compartment: readonly ResourceType[];
      /** Types outside the compartment: a resource is readable where a resource of the member references it. */
      referenced: readonly ResourceType[];
    }
  | { data: 'directory'; types: readonly ResourceType[] };

/**
 * A plan. Only a flow in which a member takes part names a patient, so the type of a row keeps flow and data together.
 */
export type PlanRow = PlanText &
  (
    | { flow: 'authorization-code'; reads: Extract<PlanReads, { data: 'own compartment' }> }
    | { flow: 'client-credentials'; reads: Extract<PlanReads, { data: 'directory' }> }
  );

/** The developer page's two authorization models, a row each. A new plan is a new row; everything else follows. */
export const planTable = {
  'patient-access': {
    title: 'Patient Access API',
    summary: "A member signs in and agrees; the app reads that member's own records.",
    flow: 'authorization-code',
    scopes: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs'],
    // A refresh token comes with every grant, so these scopes ask for nothing more.
    toleratedScopes: ['offline_access', 'online_access'],
    reads: {
      data: 'own compartment',
      compartment: patientCompartmentTypes,
      referenced: memberReferencedTypes,
    },
  },
  'provider-directory': {
    title: 'Provider Directory API',
    summary: 'The app itself reads the public provider directory; no member is involved.',
    flow: 'client-credentials',
    scopes: ['system/*.rs'],
    toleratedScopes: ['openid', 'fhirUser'],
    reads: { data: 'directory', types: directoryTypes },
  },
} as const satisfies Record<string, PlanRow>;
