import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ExplanationOfBenefit, FhirResource } from 'fhir/r4.js';
import { directoryTypes, patientCompartmentTypes } from '@payer/smart';
import { generate, testMembers } from './index.js';

const all = (options: Parameters<typeof generate>[0]) => [...generate(options)];
const digest = (resources: FhirResource[]) =>
  createHash('sha256')
    .update(resources.map((resource) => JSON.stringify(resource)).join('\n'))
    .digest('hex');
const sandbox = all({ environment: 'sandbox' });

function referencesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) referencesIn(item, found);
  else if (value && typeof value === 'object')
    for (const [key, item] of Object.entries(value)) {
      if (key === 'reference' && typeof item === 'string') found.add(item);
      referencesIn(item, found);
    }
  return found;
}

describe('synthetic data', () => {
  it('is the same for the same options, and member n is the same however many follow', () => {
    expect(digest(all({ environment: 'sandbox' }))).toBe(digest(sandbox));
    const few = all({ environment: 'sandbox', members: 5 });
    expect(digest(few)).toBe(digest(sandbox.slice(0, few.length)));
    expect(digest(all({ environment: 'sandbox', members: 5, seed: 2 }))).not.toBe(digest(few));
  });

  it("has the page's three members with their patient ids, and all resource types of both plans", () => {
    const patients = sandbox.filter((resource) => resource.resourceType === 'Patient').map(({ id }) => id);
    expect(patients.slice(0, 3)).toEqual([
      'ffaa7043-d695-4cf0-a541-945bca539041',
      'b5631ecf-b58c-48f5-87f0-b9988f41969b',
      '3db6ef9b-0278-4350-b6cc-857096540993',
    ]);
    expect(testMembers('sandbox').map(({ patient }) => patient)).toEqual(patients.slice(0, 3));
    const types = new Set<string>(sandbox.map(({ resourceType }) => resourceType));
    expect([...patientCompartmentTypes, ...directoryTypes].filter((type) => !types.has(type))).toEqual([]);
  });

  it('gives every resource its own id', () => {
    const seen = new Set<string>();
    const twice: string[] = [];
    const toOthers: string[] = [];
    let patient: string | undefined;
    for (const resource of sandbox) {
      const key = `${resource.resourceType}/${resource.id}`;
      if (seen.has(key)) twice.push(key);
      seen.add(key);
      if (resource.resourceType === 'Patient') patient = key;
      for (const target of referencesIn(resource)) {
        if (target.startsWith('Patient/') && target !== patient) toOthers.push(`${key} to ${target}`);
      }
    }
    expect(twice).toEqual([]);
    expect(toOthers).toEqual([]);
    const dangling = sandbox.flatMap((resource) => {
      const inside = 'contained' in resource ? (resource.contained ?? []).map(({ id }) => `#${id}`) : [];
      return [...referencesIn(resource)].filter((target) => !seen.has(target) && !inside.includes(target));
    });
    expect(dangling).toEqual([]);
  });

  it('has claims of all five kinds for the three members', () => {
    const claims = sandbox.filter(
      (resource): resource is ExplanationOfBenefit => resource.resourceType === 'ExplanationOfBenefit',
    );
    for (const { patient } of testMembers('sandbox')) {
      const kinds = new Set(
        claims
          .filter(({ use, patient: { reference } }) => use === 'claim' && reference === `Patient/${patient}`)
          .map((claim) => claim.meta?.profile?.[0]?.split('ExplanationOfBenefit-')[1]),
      );
      expect(kinds.size).toBe(5);
    }
  });
});
