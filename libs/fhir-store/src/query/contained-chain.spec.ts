import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectationsOf } from '../testing/expectations.js';
import { directory, member, TestStore } from '../testing/store.js';
import { observation, unusualResources } from '../testing/unusual-resources.js';

/* Chains into contained resources (FHIR R4 Search, Contained Resources). */

const store = new TestStore();
const anna = member('anna');
const { finds } = expectationsOf(store);

beforeAll(async () => {
  await store.start();
  await store.put(unusualResources);
});
afterAll(() => store.stop());

describe('chains look into contained resources', () => {
  finds(anna, [
    ['Observation?performer.name=oka', ['measured']],
    ['Observation?performer:Practitioner.name=ada', ['measured']],
    ['Observation?performer:Practitioner.name:exact=Okafor', ['measured']],
    ['Observation?performer:Practitioner.name:contains=the', ['other-measured']],
    ['Observation?performer:Organization.name=inner', []],
    ['Observation?performer:Practitioner._id=p', ['measured', 'other-measured']],
    ['Observation?performer:Practitioner._lastUpdated=gt2000', []],
    // Each by itself: one that passes is enough.
    ['Observation?performer:Practitioner.active:not=true', ['other-measured']],
    ['Observation?performer:Practitioner.active:missing=true', ['other-measured']],
    ['Observation?performer:PractitionerRole.practitioner.name=okafor', ['measured']],
    ['Observation?performer:PractitionerRole.practitioner.name=other', []],
    ['Observation?performer:PractitionerRole.organization.name=inner', ['measured']],
    ['Observation?performer:PractitionerRole.organization.partof.name=outer', ['measured']],
    ['Observation?performer:PractitionerRole.organization.partof.active=true', ['measured']],
    ['Observation?performer:PractitionerRole.organization.partof=outer', ['measured']],
    ['Observation?performer:PractitionerRole.location.near=10|20|1|km', ['measured']],
    ['Observation?performer:PractitionerRole.location.near=11|20|1|km', []],
    // The container, from within.
    ['Observation?derived-from:Observation.has-member:Observation.value-quantity=1||furlong', ['measured']],
    ['Observation?derived-from:Observation.has-member:Observation.value-quantity=2||furlong', []],
    // An id within a container is not one outside it.
    ['Observation?focus:Patient.gender=other', ['measured']],
    ['Observation?focus:Patient.gender=female', []],
    ['Observation?subject:Patient.gender=other', []],
    ['Observation?derived-from:Observation.value-quantity=95', []],
    ['Observation?derived-from:Observation._has:Observation:has-member:status=final', []],
    ['Observation?derived-from=n-95', []],
    ['Observation?performer=p', []],
    ['Practitioner?name=okafor', []],
    ['Organization?_has:Organization:partof:name=inner', []],
    ['Organization?name=outer', ['outer']],
  ]);
  finds(directory, [
    ['PractitionerRole?practitioner.name=okafor', ['role']],
    ['PractitionerRole?practitioner.family=OTHER', ['other-role']],
    ['PractitionerRole?practitioner.name=okafor&organization.name=outer', []],
    ['PractitionerRole?practitioner.name=other&organization.name=outer', ['other-role']],
    ['Organization?_has:PractitionerRole:organization:practitioner.name=other', ['outer']],
    ['Organization?_has:PractitionerRole:organization:practitioner.name=okafor', []],
  ]);

  it('of which one resource may have thousands, which refer to each other', async () => {
    const ids = Array.from({ length: 2000 }, (_, n) => n);
    const contained = ids.map((n) =>
      observation(`c${n}`, { subject: undefined, focus: [{ reference: `#c${n + 1}` }] }),
    );
    await store.put([observation('full', { contained, focus: [{ reference: '#c0' }] })]);
    const focus = 'focus:Observation';
    expect(await store.ids(`Observation?${focus}.${focus}.${focus}._id=c2`, anna)).toEqual(['full']);
    expect(await store.ids(`Observation?${focus}.${focus}.${focus}._id=c3`, anna)).toEqual([]);
  });

  it('but not when they were contained in a version before', async () => {
    const role = { resourceType: 'PractitionerRole', id: 'changing', practitioner: { reference: '#p' } };
    const named = (family: string) => [{ resourceType: 'Practitioner', id: 'p', name: [{ family }] }];
    const found = () => store.ids('PractitionerRole?practitioner.name=before', directory);
    await store.put([{ ...role, contained: named('Before') }]);
    expect(await found()).toEqual(['changing']);
    await store.put([{ ...role, contained: named('After') }]);
    expect(await found()).toEqual([]);
  });

  it('nor into those of another member', async () => {
    const contained = [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'Foreign' }] }];
    await store.put([
      { resourceType: 'Patient', id: 'bert' },
      observation('of-bert', {
        subject: { reference: 'Patient/bert' },
        contained,
        performer: [{ reference: '#p' }],
      }),
    ]);
    expect(await store.ids('Observation?performer.name=foreign', member('bert'))).toEqual(['of-bert']);
    expect(await store.ids('Observation?performer.name=foreign', anna)).toEqual([]);
  });
});
