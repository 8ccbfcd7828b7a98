import { resourceTypesOfPlan, searchedTypes, type Plan, type ResourceType } from '@payer/smart';

/** Types of which most members and directories have resources. */
const usualTypes: readonly ResourceType[] = [
  'ExplanationOfBenefit',
  'Coverage',
  'Observation',
  'Condition',
  'Practitioner',
  'Organization',
  'Location',
  'InsurancePlan',
];

/** Types that a plan searches and that a first look at its data begins with: at least one, at most four. */
export function firstTypes(plan: Plan): string[] {
  const types = [...new Set([...usualTypes, ...searchedTypes])];
  return types.filter((type) => resourceTypesOfPlan[plan].has(type)).slice(0, 4);
}
