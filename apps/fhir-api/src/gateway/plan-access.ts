import type { Access } from '@payer/fhir-store';
import { resourceTypesOfPlan, type Plan } from '@payer/smart';

/** What a plan lets a token read: the store's access, and the plan it comes from. */
export interface PlanAccess extends Access {
  readonly plan: Plan;
}

/**
 * The access of a token.
 * @throws Error when the token names a patient and its plan has none, or the other way round
 */
export function planAccess(plan: Plan, patient: string | undefined): PlanAccess {
  const types = resourceTypesOfPlan[plan];
  switch (plan) {
    case 'patient-access':
      if (!patient) throw new Error(`${plan} reads a patient's records, and the token names no patient`);
      return { plan, patient, types };
    case 'provider-directory':
      if (patient) throw new Error(`${plan} reads no patient's records, and the token names a patient`);
      return { plan, types };
  }
}
