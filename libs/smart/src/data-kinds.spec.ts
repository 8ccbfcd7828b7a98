import { describe, expect, it } from 'vitest';
import { dataKinds, dataKindsOf, isKindWithinType, kindOfType, memberPlanOfScope } from './data-kinds.js';
import { planRules, plans } from './plans.js';
import { resourceTypesOfPlan } from './plans.js';
import { isTypeOfGrant } from './resource-types.js';

const memberPlans = plans.filter((plan) => planRules[plan].patientClaim === 'required');

describe('the kinds of data that a plan opens', () => {
  it.each(memberPlans)("name every resource type of %s exactly once, but not the app's own grant", (plan) => {
    const whole = dataKindsOf(plan).filter(({ kind }) => !isKindWithinType(kind));
    const named = whole.flatMap(({ types }) => types);
    const data = [...resourceTypesOfPlan[plan]].filter((type) => !isTypeOfGrant(type));
    expect([...named].sort()).toEqual(data.sort());
  });

  it('follow the row of the plan, in the order of the page', () => {
    const opened = dataKindsOf('patient-access').map(({ kind }) => kind);
    expect(opened).toEqual(dataKinds.filter((kind) => opened.includes(kind)));
    for (const kind of ['familyContacts', 'answers', 'allergies', 'referrals', 'careTeam'])
      expect(opened).toContain(kind);
    const whole = dataKinds.filter((kind) => !isKindWithinType(kind));
    expect(new Set(Object.values(kindOfType))).toEqual(new Set(whole));
  });

  it('name prior authorizations apart from claims, although both are ExplanationOfBenefit', () => {
    const opened = dataKindsOf('patient-access');
    for (const kind of ['claims', 'priorAuthorizations'])
      expect(opened.find((one) => one.kind === kind)?.types).toEqual(['ExplanationOfBenefit']);
  });

  it('a type without a kind is an error, never left out', () => {
    expect(() => dataKindsOf('provider-directory')).toThrow(/InsurancePlan.*kindOfType/);
  });

  it('the plan of a grant is found by its scopes, in any order, and other scopes are an error', () => {
    expect(memberPlanOfScope('patient/*.rs openid launch/patient fhirUser')).toBe('patient-access');
    for (const scope of [
      '',
      'openid',
      'system/*.rs',
      'openid fhirUser launch/patient patient/*.rs system/*.rs',
    ])
      expect(() => memberPlanOfScope(scope)).toThrow(/no plan for members/);
  });
});
