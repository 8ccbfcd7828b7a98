import { plans, resourceTypesOfPlan } from '@payer/smart';

/**
 * The types that one token can read, per plan. The capabilities offer no reference from one plan's types to
 * another's.
 */
export const readTogether: readonly ReadonlySet<string>[] = plans.map((plan) => resourceTypesOfPlan[plan]);
