import type { Scope } from './scopes.js';

/** What an app subscribes to: exactly one, for good; who needs both makes two apps. */
export const plans = ['patient-access', 'provider-directory'] as const;
export type Plan = (typeof plans)[number];

export function isPlan(value: unknown): value is Plan {
  return plans.includes(value as Plan);
}

export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials';

export interface PlanRule {
  title: string;
  /** One sentence for developers. */
  summary: string;
  grantTypes: readonly GrantType[];
  /** The scopes of every token of this plan: no more, no less. */
  scopes: readonly Scope[];
  /** Scopes that a request may name and that are not granted: clients and the developer page's example send them. */
  toleratedScopes: readonly string[];
  /** Whether the token must, or must not, carry a `patient` claim. */
  patientClaim: 'required' | 'forbidden';
}

/** The developer page's two authorization models, a row each. */
export const planRules: Record<Plan, PlanRule> = {
  'patient-access': {
    title: 'Patient Access API',
    summary: "A member signs in and agrees; the app reads that member's own records.",
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs'],
    // A refresh token comes with every grant, so these ask for nothing that is not given.
    toleratedScopes: ['offline_access', 'online_access'],
    patientClaim: 'required',
  },
  'provider-directory': {
    title: 'Provider Directory API',
    summary: 'The app itself reads the public provider directory; no member is involved.',
    grantTypes: ['client_credentials'],
    scopes: ['system/*.rs'],
    toleratedScopes: ['openid', 'fhirUser'],
    patientClaim: 'forbidden',
  },
};

/** The plan whose flow uses this grant type (every grant type belongs to exactly one plan). */
export function planOfGrantType(grantType: string): Plan | undefined {
  return plans.find((plan) => planRules[plan].grantTypes.includes(grantType as GrantType));
}
