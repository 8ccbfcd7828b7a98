import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { patientCompartmentTypes } from '@payer/smart';
import { definitions } from '../definitions/definitions.js';
import { entries, member, TestStore } from './testing/store.js';

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
  ]);
}, 60_000);
afterAll(() => store.stop());

/** All resources an answer shows, whatever they came by. */
async function shown(query: string, reader = anna): Promise<string[]> {
  const bundle = await store.search(query, reader, 'lenient');
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
      const found = await store.engine.read({ type, id, reader: anna });
      expect([`${type}/${id}`, found !== undefined]).toEqual([`${type}/${id}`, !foreign.test(`/${id}`)]);
    }
    expect(await store.engine.read({ type: 'Practitioner', id: 'nobodys', reader: anna })).toBeUndefined();
    expect(await store.engine.read({ type: 'InsurancePlan', id: 'x', reader: anna })).toBeUndefined();
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
    'Coverage?_sort=beneficiary',
    'Coverage?_sort=-beneficiary&_count=1',
  ])('sees nothing of another by %s', async (query) => {
    expect((await shown(query)).filter((name) => foreign.test(name))).toEqual([]);
  });

  it('learns nothing of another from counts', async () => {
    for (const type of patientCompartmentTypes.filter((name) => Object.hasOwn(definitions.types, name))) {
      const { total } = await store.search(`${type}?_summary=count`, anna);
      expect([type, total]).toEqual([type, (await shown(`${type}?_count=1000`)).length]);
    }
    expect((await store.search('Encounter?_id=visit-bert&_total=accurate', anna)).total).toBe(0);
    expect((await store.search('Observation?encounter.class=AMB&_total=accurate', anna)).total).toBe(0);
    expect((await store.search('Observation?encounter:Encounter._id=visit-bert', anna)).total).toBe(0);
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
  });
});
