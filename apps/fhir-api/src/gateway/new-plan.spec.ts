import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPlans } from '@payer/testing/table-rows';
import { FhirApiSystem } from './testing/system.js';
import { appState } from './testing/events.js';
import { loadMembers } from './testing/members.js';
import { planAccess } from './plan-access.js';

/*
 * A new plan is a row of the table. The gateway must give it exactly the data of its row.
 */

const system = new FhirApiSystem();
const { issuer } = system;
const scopeOf = (plan: keyof typeof newPlans) => newPlans[plan].scopes.join(' ');

beforeAll(async () => {
  await system.start();
  system.owners.commitApp(appState('claimsapp', { plan: 'claims-summary' as never }));
  system.owners.commitApp(appState('plansapp', { plan: 'insurance-plans' as never }));
  await loadMembers(system.config);
  await system.restart();
});
afterAll(() => system.stop());

describe('a new plan for members', () => {
  const token = (claims: object = {}) =>
    issuer.patientToken('one', {
      claims: { client_id: 'claimsapp', scope: scopeOf('claims-summary'), ...claims },
    });
  const status = async (path: string, claims?: object) =>
    (await system.request(path, { token: await token(claims) })).status;

  it("reads the member's own resources of its types and of no other member", async () => {
    expect(await status('/Patient/one')).toBe(200);
    expect(await status('/ExplanationOfBenefit')).toBe(200);
    expect(await status('/Patient/two')).toBe(404);
  });

  it.each(['Observation', 'Practitioner', 'InsurancePlan'])('does not read %s', async (type) => {
    const answer = await system.request(`/${type}`, { token: await token() });
    expect(answer.status).toBe(403);
    expect(answer.json.issue[0].details.text).toContain(`${type} is not part of the Claims Summary API`);
  });

  it('is refused with the scopes of another plan, and without a patient', async () => {
    expect(await status('/Patient/one', { scope: 'openid fhirUser launch/patient patient/*.rs' })).toBe(403);
    expect(await status('/Patient/one', { patient: undefined })).toBe(403);
    expect(await status('/Patient/one', { client_id: 'patientapp' })).toBe(403);
  });
});

describe('a new plan for the directory', () => {
  const status = async (path: string, claims: object = {}) => {
    const token = await issuer.directoryToken({
      claims: { client_id: 'plansapp', scope: scopeOf('insurance-plans'), ...claims },
    });
    return (await system.request(path, { token })).status;
  };

  it('reads its types of the directory, no other type, and nothing of a member', async () => {
    expect(await status('/InsurancePlan')).toBe(200);
    expect(await status('/Organization')).toBe(200);
    expect(await status('/Practitioner')).toBe(403);
    expect(await status('/Patient/one')).toBe(403);
    expect(await status('/InsurancePlan', { patient: 'one' })).toBe(403);
  });
});

describe('access', () => {
  it('is granted by no default: a plan without a row, or a token that does not fit the row, is an error', () => {
    expect(() => planAccess('none' as never, {})).toThrow('there is no plan none');
    expect(() => planAccess('insurance-plans' as never, { patient: 'one' })).toThrow('names a patient');
    expect(() => planAccess('claims-summary' as never, {})).toThrow('names no patient');
  });
});
