import { describe, expect, it } from 'vitest';
import { compartmentTypes } from '../definitions/definitions.js';
import { readR4 } from '../definitions/read-package.js';
import { prepare } from './prepare.js';

/** The types of R4's Patient compartment. A Basic is public here. */
const r4MemberTypes = readR4<{ code: string; resource: { code: string; param?: string[] }[] }>(
  'CompartmentDefinition',
)
  .find(({ code }) => code === 'Patient')!
  .resource.filter(({ code, param }) => param && code !== 'Basic')
  .map(({ code }) => code);

const baseUrl = 'https://fhir.example';
const item = {
  resourceType: 'Basic',
  id: 'item',
  code: { coding: [{ code: 'formulary-item' }] },
  subject: { reference: 'MedicationKnowledge/drug' },
};
const refusalOf = (resource: Record<string, unknown>) => {
  const prepared = prepare(JSON.stringify(resource), resource, baseUrl);
  return 'reason' in prepared ? prepared.kind : undefined;
};

describe('a resource of a type that everybody may read', () => {
  it('is stored when it leads to no member', () => {
    expect(refusalOf(item)).toBeUndefined();
    expect(
      refusalOf({ ...item, author: { reference: 'Organization/payer', type: 'Organization' } }),
    ).toBeUndefined();
  });

  it.each([
    { reference: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' },
    { identifier: { system: 'https://plan.example/member', value: '1' }, display: 'Doe, Jane' },
    { reference: 'Patient/1#name' },
    { reference: 'Patient/1/' },
    { reference: 'Person/1' },
    { reference: 'Group/1' },
    { reference: '1' },
  ])('is refused when a Basic leads to %o, which may be a member', (subject) => {
    expect(refusalOf({ ...item, subject })).toBe('member-in-public');
    expect(refusalOf({ ...item, extension: [{ url: 'x', valueReference: subject }] })).toBe(
      'member-in-public',
    );
  });

  it.each(['Organization', 'Location', 'Endpoint', 'InsurancePlan', 'PractitionerRole'])(
    'is refused when a %s leads to a member, by a reference or a contained resource',
    (resourceType) => {
      const one = { resourceType, id: 'one' };
      const extension = [{ url: 'https://plan.example/x', valueReference: { reference: 'Patient/1' } }];
      expect(refusalOf(one)).not.toBe('member-in-public');
      expect(refusalOf({ ...one, extension })).toBe('member-in-public');
      expect(refusalOf({ ...one, contained: [{ resourceType: 'Patient', id: 'p' }] })).toBe(
        'member-in-public',
      );
    },
  );

  it.each(r4MemberTypes)('is refused when an Organization leads to a %s, served here or not', (type) => {
    const one = { resourceType: 'Organization', id: 'one' };
    const extension = [{ url: 'https://plan.example/x', valueReference: { reference: `${type}/1` } }];
    expect(refusalOf({ ...one, extension })).toBe('member-in-public');
    expect(refusalOf({ ...one, contained: [{ resourceType: type, id: 'c' }] })).toBe('member-in-public');
  });

  it.each(compartmentTypes)('is refused when it leads to a %s', (type) => {
    for (const subject of [
      { reference: `${type}/one` },
      { reference: `${type}/one/_history/2` },
      { reference: `https://elsewhere.example/fhir/${type}/one` },
      { reference: `${baseUrl}/${type}/one` },
      { reference: `${type}?identifier=https://plan.example/member|1` },
      { type, identifier: { value: '1' } },
    ]) {
      expect([subject, refusalOf({ ...item, subject })]).toEqual([subject, 'member-in-public']);
      const extension = [{ url: 'https://plan.example/x', valueReference: subject }];
      expect(refusalOf({ ...item, extension })).toBe('member-in-public');
      expect(refusalOf({ ...item, code: { extension: [{ url: 'x', extension }] } })).toBe('member-in-public');
    }
    const contained = [{ resourceType: type, id: 'c' }];
    expect(refusalOf({ ...item, contained, subject: { reference: '#c' } })).toBe('member-in-public');
  });
});
