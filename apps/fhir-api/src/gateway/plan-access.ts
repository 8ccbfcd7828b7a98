import type { Access } from '@payer/fhir-store';
import {
  planRules,
  resourceTypesOfPlan,
  withheldLabels,
  type AccessTokenClaims,
  type Plan,
  type PlanReads,
} from '@payer/smart';

/** The access that a plan gives to a token: the store's access, and the plan. */
export interface PlanAccess extends Access {
  readonly plan: Plan;
}

/** The access of a token, with its claims. */
export interface TokenAccess extends PlanAccess {
  readonly claims: AccessTokenClaims;
}

/** The claims of a token that its access depends on. */
export type AccessClaims = Pick<AccessTokenClaims, 'patient' | 'sensitive'>;

/**
 * Derives a token's access from the row of its plan, and withholds the sensitive kinds of data that the
 * member did not open. No access is granted by default.
 * @throws Error when only one of token and plan has a patient compartment, when the plan has no row, or when
 * its row reads a kind of data that this function does not know
 */
export function planAccess(plan: Plan, { patient, sensitive = [] }: AccessClaims): PlanAccess {
  const reads: PlanReads | undefined = planRules[plan]?.reads;
  if (!reads) throw new Error(`there is no plan ${plan}`);
  const types = resourceTypesOfPlan[plan];
  switch (reads.data) {
    case 'own compartment':
      if (!patient) throw new Error(`${plan} reads a patient's records, and the token names no patient`);
      return { plan, patient, types, withheld: withheldLabels(sensitive) };
    case 'directory':
      if (patient) throw new Error(`${plan} reads no patient's records, and the token names a patient`);
      return { plan, types };
    default:
      throw new Error(
        `${plan} reads ${(reads satisfies never as { data: string }).data}, which no rule gives`,
      );
  }
}
