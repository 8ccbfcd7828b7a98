import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compartmentTypes, definitions } from '../definitions/definitions.js';
import { openRepository } from '../repository.js';
import type { SearchRequest } from './search.js';
import { baseUrl, directory, entries, member, TestStore } from '../testing/store.js';

const store = new TestStore();
const anna = member('anna');
const bert = member('bert');

/** The same records for each of two members; Bert's point at Anna's, too, as a careless sender's might. */
function records(name: string, other: string): object[] {
  const own = { reference: `Patient/${name}` };
  return [
    {
      resourceType: 'Patient',
      id: name,
      identifier: [{ system: 'https://plan.example/members', value: `M-${name}` }],
      name: [{ family: name }],
      link: [{ type: 'seealso', other: { reference: `Patient/${other}` } }],
      generalPractitioner: [{ reference: `Practitioner/doctor-of-${name}` }],
    },
    {
      resourceType: 'Encounter',
      id: `visit-${name}`,
      status: 'finished',
      class: { code: 'AMB' },
      subject: own,
      participant: [{ individual: { reference: `Practitioner/doctor-of-${name}` } }],
    },
    {
      resourceType: 'Observation',
      id: `weight-${name}`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
      subject: own,
      encounter: { reference: `Encounter/visit-${other}` },
      hasMember: [{ reference: `Observation/weight-${other}` }],
    },
    {
      resourceType: 'Coverage',
      id: `cover-${name}`,
      status: 'active',
      beneficiary: own,
      payor: [{ reference: 'Organization/plan' }],
      subscriberId: `S-${name}`,
    },
    {
      resourceType: 'ExplanationOfBenefit',
      id: `claim-${name}`,
      status: 'active',
      use: 'claim',
      outcome: 'complete',
      type: { text: 'x' },
      patient: own,
      created: '2026-01-01',
      insurer: { reference: 'Organization/plan' },
      provider: { reference: `Practitioner/doctor-of-${name}` },
      insurance: [{ focal: true, coverage: { reference: `Coverage/cover-${other}` } }],
    },
    {
      resourceType: 'Provenance',
      id: `source-${name}`,
      target: [{ reference: `Observation/weight-${name}` }],
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: { reference: 'Organization/plan' } }],
    },
    {
      resourceType: 'RelatedPerson',
      id: `relative-${name}`,
      patient: own,
      identifier: [{ value: `Patient/${other}` }],
    },
    { resourceType: 'Practitioner', id: `doctor-of-${name}`, name: [{ family: `Doctor${name}` }] },
  ];
}

beforeAll(async () => {
  await store.start();
  await store.put([
    ...records('anna', 'bert'),
    ...records('bert', 'anna'),
    { resourceType: 'Organization', id: 'plan', name: 'Plan' },
    { resourceType: 'Practitioner', id: 'nobodys', name: [{ family: 'Nobody' }] },
    {
      resourceType: 'InsurancePlan',
      id: 'gold',
      name: 'Gold',
      ownedBy: { reference: 'Organization/plan' },
      coverageArea: [{ reference: 'Location/town' }],
    },
    { resourceType: 'Location', id: 'town', name: 'Town' },
    {
      resourceType: 'Endpoint',
      id: 'x',
      status: 'active',
      address: 'https://plan.example',
      managingOrganization: { reference: 'Organization/plan' },
    },
  ]);
});
afterAll(() => store.stop());

/** All resources an answer shows, whatever they came by. */
async function shown(query: string, access = anna): Promise<string[]> {
  const bundle = await store.search(query, access, 'lenient');
  return [...entries(bundle, 'match'), ...entries(bundle, 'include')].map(
    ({ resource }) => `${resource.resourceType}/${resource.id}`,
  );
}
const foreign = /\/(bert|\w+-bert|doctor-of-bert|nobodys)$/;

describe('a member’s token', () => {
  it('reads its own and what that points to, and nothing else by id', async () => {
    const ids = [...records('anna', 'bert'), ...records('bert', 'anna')] as {
      resourceType: string;
      id: string;
    }[];
    for (const { resourceType: type, id } of ids) {
      const found = await store.engine.read({ type, id, access: anna });
      expect([`${type}/${id}`, found !== undefined]).toEqual([`${type}/${id}`, !foreign.test(`/${id}`)]);
    }
    expect(await store.engine.read({ type: 'Practitioner', id: 'nobodys', access: anna })).toBeUndefined();
    expect(await store.engine.read({ type: 'InsurancePlan', id: 'x', access: anna })).toBeUndefined();
  });

  it.each([
    'Patient',
    'Patient?_id=bert',
    'Patient?_id=anna,bert',
    'Patient?_id:not=anna',
    'Patient?name=bert',
    'Patient?name:contains=e',
    'Patient?link=bert',
    'Patient?link=Patient/bert&_include=Patient:link',
    'Patient?_revinclude=*',
    'Patient?_include=*&_include:iterate=*&_revinclude:iterate=*',
    'Patient?_include:iterate=Patient:link&_revinclude:iterate=Observation:patient',
    'Observation?patient=bert',
    'Observation?patient=anna,bert',
    'Observation?subject=Patient/bert',
    'Observation?patient.name=bert',
    'Observation?patient.link=Patient/anna',
    'Observation?patient:missing=true',
    'Observation?_id=weight-bert',
    'Observation?has-member=weight-bert&_include=Observation:has-member',
    'Observation?_include=Observation:encounter&_include:iterate=Encounter:*',
    'Observation?_revinclude=Observation:has-member',
    'Observation?_revinclude=Provenance:target',
    'Observation?code:not=none',
    'Encounter?_revinclude=Observation:encounter',
    'Encounter?_has:Observation:encounter:code=29463-7',
    'Encounter?_has:Observation:encounter:patient.name=bert',
    'ExplanationOfBenefit?coverage=cover-bert&_include=ExplanationOfBenefit:coverage',
    'ExplanationOfBenefit?_include=ExplanationOfBenefit:*',
    'Provenance?target=Observation/weight-bert',
    'Provenance?_include=Provenance:target',
    'Practitioner',
    'Practitioner?name:contains=o',
    'Practitioner?_revinclude=Encounter:participant',
    'Practitioner?_has:Encounter:participant:patient=bert',
    'Practitioner?_id=doctor-of-bert,nobodys',
    'Organization?_revinclude=Coverage:payor',
    'Organization?_revinclude=ExplanationOfBenefit:insurer',
    "Patient?_id=bert'%20OR%20'1'='1",
    "Patient?name=%25') OR true --",
    'Observation?patient=https://fhir.example/interop/external/fhir/Patient/bert',
    'Observation?patient:Patient.identifier=M-bert',
    'Observation?patient.identifier=M-bert,M-anna',
    'Observation?subject:Patient._id=bert',
    'Observation?subject:Patient._has:Coverage:beneficiary:_id=cover-bert',
    'Observation?encounter.patient.name=bert',
    'Observation?_lastUpdated=ge2000',
    'Observation?_profile:missing=true',
    'Observation?_include=Observation:*&_include:iterate=*',
    'Observation?_include=Observation:has-member&_include:iterate=Observation:subject',
    'Patient?_has:Observation:patient:_id=weight-bert',
    'Patient?_has:Patient:link:_id=bert&_include=Patient:link',
    'Patient?_has:Patient:link:_has:Observation:patient:_id=weight-bert',
    'Patient?general-practitioner=doctor-of-bert',
    'Patient?_revinclude=Provenance:target&_revinclude:iterate=Provenance:entity',
    'Provenance?target.patient=bert',
    'Provenance?agent.name=plan&_include=Provenance:*&_include:iterate=*',
    'RelatedPerson?_revinclude=*',
    'RelatedPerson?patient.link=bert&_include=RelatedPerson:patient&_include:iterate=Patient:link',
    'Practitioner?_has:Encounter:participant:_id=visit-bert',
    'Practitioner?_has:Encounter:participant:status=finished',
    'Practitioner?_revinclude=*&_revinclude:iterate=*',
    'Organization?_has:Coverage:payor:_id=cover-bert&_revinclude=Coverage:payor',
    'Organization?_revinclude=*&_revinclude:iterate=*&_include:iterate=*',
    'Organization?_has:Provenance:agent:target.patient=bert',
    'Coverage?_sort=beneficiary',
    'Coverage?_sort=-beneficiary&_count=1',
  ])('sees nothing of another by %s', async (query) => {
    expect((await shown(query)).filter((name) => foreign.test(name))).toEqual([]);
  });

  it('learns nothing of another from counts', async () => {
    for (const type of compartmentTypes.filter((name) => Object.hasOwn(definitions.types, name))) {
      const { total } = await store.search(`${type}?_summary=count`, anna);
      expect([type, total]).toEqual([type, (await shown(`${type}?_count=1000`)).length]);
    }
    expect((await store.search('Encounter?_id=visit-bert&_total=accurate', anna)).total).toBe(0);
    expect((await store.search('Observation?encounter.class=AMB&_total=accurate', anna)).total).toBe(0);
    expect((await store.search('Observation?encounter:Encounter._id=visit-bert', anna)).total).toBe(0);
  });

  it('counts only its own where others point to the same', async () => {
    for (const [query, total] of [
      ['Organization?_has:Coverage:payor:status=active', 1],
      ['Organization?_has:Coverage:payor:_id=cover-bert', 0],
      ['Practitioner?_has:Encounter:participant:status=finished', 1],
      ['Practitioner?_has:Encounter:participant:patient=bert', 0],
      ['Practitioner?_id=doctor-of-bert', 0],
      ['Observation?patient=anna,bert', 1],
      ['Observation?has-member.status=final', 0],
      ['Observation?encounter.status=finished', 0],
      ['Patient?link.name=bert', 0],
    ] as const)
      for (const how of ['_summary=count', '_total=accurate', '_count=0', '_total=estimate'])
        expect([query, (await store.search(`${query}&${how}`, anna)).total]).toEqual([query, total]);
  });

  it('gets the same answer for a foreign resource and for a missing one', async () => {
    const same = async (query: string, other: string) => {
      const [one, two] = await Promise.all([store.search(query, anna), store.search(other, anna)]);
      expect({ ...one, link: undefined }).toEqual({ ...two, link: undefined });
    };
    await same('Observation?_id=weight-bert', 'Observation?_id=weight-none');
    await same('Observation?patient=bert', 'Observation?patient=none');
    await same('Observation?patient.name=bert', 'Observation?patient.name=none');
    await same('Practitioner?_id=doctor-of-bert', 'Practitioner?_id=doctor-of-none');
    await same(
      'Patient?_has:Observation:patient:_id=weight-bert',
      'Patient?_has:Observation:patient:_id=none',
    );
  });

  it('sees nothing of the directory beyond what its records point to', async () => {
    for (const type of ['HealthcareService', 'InsurancePlan', 'Endpoint', 'OrganizationAffiliation']) {
      expect(await shown(type)).toEqual([]);
      expect(await store.engine.read({ type, id: 'x', access: anna })).toBeUndefined();
    }
    expect(await shown('Organization?_include=*&_revinclude=*')).toContain('Organization/plan');
    expect(await shown('Organization?_revinclude=InsurancePlan:owned-by')).not.toContain(
      'InsurancePlan/gold',
    );
    expect(await shown('Location?_has:InsurancePlan:coverage-area:_id=gold')).toEqual([]);
  });

  it('and another member’s both see what names both of them, and by it nothing else', async () => {
    await store.put([
      {
        resourceType: 'Observation',
        id: 'of-both',
        status: 'final',
        code: { text: 'noted by the other' },
        subject: { reference: 'Patient/anna' },
        performer: [{ reference: 'Patient/bert' }],
        encounter: { reference: 'Encounter/visit-anna' },
      },
    ]);
    for (const [access, own] of [
      [anna, 'anna'],
      [bert, 'bert'],
    ] as const) {
      const all = await shown(
        'Observation?_id=of-both&_include=*&_include:iterate=*&_revinclude=*&_revinclude:iterate=*',
        access,
      );
      expect(all).toContain('Observation/of-both');
      const other = own === 'anna' ? 'bert' : 'anna';
      expect(all.filter((name) => new RegExp(`[/-]${other}$`).test(name))).toEqual([]);
    }
    expect(await shown('Observation?patient=bert&_id=of-both', bert)).toEqual([]);
    expect(await shown('Observation?subject.name=anna', bert)).toEqual([]);
  });

  it('no longer sees what became another’s', async () => {
    const condition = (owner: string) => ({
      resourceType: 'Condition',
      id: 'moved',
      subject: { reference: `Patient/${owner}` },
      code: { text: 'x' },
    });
    await store.put([condition('anna')]);
    expect(await shown('Condition')).toEqual(['Condition/moved']);
    await store.put([condition('bert')]);
    expect(await shown('Condition')).toEqual([]);
    expect(await shown('Condition?_id=moved')).toEqual([]);
    expect(await store.engine.read({ type: 'Condition', id: 'moved', access: anna })).toBeUndefined();
    expect(await shown('Condition', bert)).toEqual(['Condition/moved']);
  });

  it('cannot go on with another member’s page', async () => {
    await store.put(
      ['anna', 'bert'].flatMap((name) =>
        Array.from({ length: 3 }, (_, i) => ({
          resourceType: 'Goal',
          id: `goal-${i}-${name}`,
          lifecycleStatus: 'active',
          description: { text: 'x' },
          subject: { reference: `Patient/${name}` },
        })),
      ),
    );
    const page = await store.search('Goal?_count=1', bert);
    const next = String(page.link.find((link: { relation: string }) => link.relation === 'next').url);
    const cursor = new URL(next).searchParams.get('_cursor') ?? '';
    await expect(
      store.search(`Goal?_count=1&_cursor=${encodeURIComponent(cursor)}`, anna),
    ).rejects.toMatchObject({ status: 400 });
    expect((await shown('Goal?_count=10')).filter((name) => foreign.test(name))).toEqual([]);
    // The same member with the same search, but in the other environment.
    const production = openRepository({
      pool: store.pool,
      environment: 'production',
      baseUrl,
      cursorKey: 'test',
    });
    const request: SearchRequest = {
      type: 'Goal',
      params: [...new URL(next).searchParams],
      access: bert,
      handling: 'lenient',
    };
    expect(JSON.parse(String((await store.engine.search(request)).json)).entry).toHaveLength(1);
    await expect(production.search(request)).rejects.toMatchObject({ status: 400 });
  });
});

describe('a directory token', () => {
  it.each([
    'Organization?_revinclude=*&_revinclude:iterate=*&_include=*&_include:iterate=*',
    'Organization?_revinclude=Coverage:payor',
    'Practitioner?_revinclude=Encounter:participant&_revinclude=Patient:general-practitioner',
    'Practitioner?_revinclude:iterate=*',
  ])('sees no member by %s', async (query) => {
    const types = (await shown(query, directory)).map((name) => name.split('/')[0]);
    expect(types.length).toBeGreaterThan(0);
    expect(types.filter((type) => compartmentTypes.includes(type!))).toEqual([]);
  });

  it.each([
    'Practitioner?_has:Encounter:participant:status=finished',
    'Practitioner?_has:Patient:general-practitioner:name=anna',
    'Practitioner?_has:Patient:general-practitioner:_has:Coverage:beneficiary:_id=cover-anna',
    'Organization?_has:Coverage:payor:beneficiary.name=anna',
    'Organization?_has:Provenance:agent:_lastUpdated=ge2000',
  ])('counts nothing of members by %s', async (query) => {
    expect((await store.search(`${query}&_total=accurate`, directory, 'lenient')).total ?? 0).toBe(0);
  });

  it('finds and reads no resource of a member', async () => {
    for (const type of [...compartmentTypes, 'Medication']) {
      expect(await shown(type, directory)).toEqual([]);
      for (const id of ['anna', 'visit-anna', 'weight-anna', 'cover-anna', 'claim-anna', 'source-anna'])
        expect(await store.engine.read({ type, id, access: directory })).toBeUndefined();
    }
  });
});
