import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseUrl, directory, entries, member, TestStore } from '../testing/store.js';
import { searchResources } from '../testing/search-resources.js';

const store = new TestStore();
const anna = member('anna');
beforeAll(async () => {
  await store.start();
  await store.put(searchResources);
});
afterAll(() => store.stop());

const all = ['smoking', 'undated', 'w1', 'w2', 'w3'];

/** Each row: what is searched, and the ids of what is found. */
function finds(access: typeof directory, rows: [string, string[]][]): void {
  it.each(rows)('%s', async (query, ids) => {
    expect((await store.ids(query, access)).sort()).toEqual([...ids].sort());
  });
}

describe('token', () => {
  finds(anna, [
    ['Observation', all],
    ['Observation?code=http://loinc.org|29463-7', ['w1', 'w2', 'w3']],
    ['Observation?code=29463-7,72166-2', ['smoking', 'w1', 'w2', 'w3']],
    ['Observation?code=http://snomed.info/sct|29463-7', []],
    ['Observation?code=http://loinc.org|', ['smoking', 'w1', 'w2', 'w3']],
    ['Observation?code=|29463-7', []],
    ['Observation?code:not=29463-7', ['smoking', 'undated']],
    ['Observation?code:text=body', ['w1', 'w2', 'w3']],
    ['Observation?code:text=handwritten', ['undated']],
    ['Observation?code:missing=true', []],
    ['Observation?status=final&category=vital-signs', ['undated', 'w1', 'w2']],
    ['Observation?status=http://hl7.org/fhir/observation-status|amended', ['w3']],
    ['Observation?value-concept=266919005', ['smoking']],
    ['Patient?gender=female', ['anna']],
    ['Patient?identifier=https://plan.example/members|M-1', ['anna']],
    ['Patient?identifier=M-1', ['anna']],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MB|M-1', ['anna']],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|M-1', []],
    ['Encounter?class=AMB', ['visit']],
  ]);
  finds(directory, [
    ['PractitionerRole?active=true', ['house-role']],
    ['PractitionerRole?specialty=http://nucc.org/provider-taxonomy|207R00000X', ['house-role']],
    ['Organization?type=ntwk', ['net']],
  ]);
});

describe('string', () => {
  finds(anna, [
    ['Patient?family=angstrom', ['anna']],
    ['Patient?family=ÅNG', ['anna']],
    ['Patient?name=maria', ['anna']],
    ['Patient?family=strom', []],
    ['Patient?family:contains=strom', ['anna']],
    ['Patient?family:exact=Ångström', ['anna']],
    ['Patient?family:exact=Angstrom', []],
    ['Patient?address=saint', ['anna']],
    ['Patient?address-city=saint paul', ['anna']],
    ['Patient?given=nobody,anna', ['anna']],
    ['Patient?given=anna&given=maria', ['anna']],
    ['Patient?given=anna&given=peter', []],
    ['Patient?family=100%25', []],
  ]);
});

describe('date', () => {
  finds(anna, [
    ['Observation?date=2026-01-15', ['w1']],
    ['Observation?date=2026-02', ['w2']],
    ['Observation?date=2026', ['w1', 'w2', 'w3']],
    ['Observation?date=eq2026-03', ['w3']],
    ['Observation?date=2026-03-05', []],
    ['Observation?date=ap1990', []],
    ['Observation?date=ne2026', ['smoking']],
    ['Observation?date=gt2026-02-15', ['smoking', 'w3']],
    ['Observation?date=ge2026-02-15', ['smoking', 'w2', 'w3']],
    ['Observation?date=lt2026-02-15', ['smoking', 'w1']],
    ['Observation?date=le2026-02-15', ['smoking', 'w1', 'w2']],
    ['Observation?date=sa2026-02-15', ['w3']],
    ['Observation?date=eb2026-02-15', ['w1']],
    ['Observation?date=ge2026-01-01&date=lt2026-02-01', ['smoking', 'w1']],
    ['Observation?date=2026-02-15T08:30:00Z', ['w2']],
    ['Observation?date=2026-02-15T09:30:00%2B01:00', ['w2']],
    ['Observation?date:missing=true', ['undated']],
    ['Patient?birthdate=1980', ['anna']],
    ['Patient?birthdate=lt1980-05-17', []],
    ['Patient?_lastUpdated=2026-03-01', ['anna']],
    ['Patient?_lastUpdated=gt2026-03-01', []],
    ['Patient?_lastUpdated=ge2026-03-01T10:00:00Z', ['anna']],
    ['ExplanationOfBenefit?service-date=ge2026-03-01&service-date=le2026-03-31', ['claim']],
    ['ExplanationOfBenefit?service-date=lt2026-01-01', []],
  ]);
});

describe('several dates of a parameter', () => {
  beforeAll(() =>
    store.put(
      [['2026-01-01', '2026-06-01'], ['2026-06-01'], []].map((dates) => ({
        resourceType: 'Goal',
        id: `goal-${dates.length}`,
        lifecycleStatus: 'active',
        description: { text: 'Walk' },
        subject: { reference: 'Patient/anna' },
        startDate: '2030-01-01',
        target: dates.map((dueDate) => ({ measure: { text: 'steps' }, dueDate })),
      })),
    ),
  );
  const others = (count: number) => Array.from({ length: count }, (_, i) => `${1900 + i}`).join();
  finds(anna, [
    ['Goal?target-date=2026-01-01', ['goal-2']],
    ['Goal?target-date=2026-06-01', ['goal-1', 'goal-2']],
    ['Goal?target-date=ge2026-02-01', ['goal-1', 'goal-2']],
    ['Goal?target-date=le2026-02-01', ['goal-2']],
    ['Goal?target-date=ge2026-02-01&target-date=le2026-02-01', ['goal-2']],
    ['Goal?target-date=gt2026-01-01,lt2000', ['goal-1', 'goal-2']],
    ['Goal?target-date=ne2026-06-01', ['goal-2']],
    ['Goal?target-date=gt2029', []],
    ['Goal?start-date=2030', ['goal-0', 'goal-1', 'goal-2']],
    [`Goal?target-date=2026-01,${others(9)}`, ['goal-2']],
    [`Goal?target-date=2026-01,${others(60)}`, ['goal-2']],
    [`Goal?target-date=2026,${others(60)}`, ['goal-1', 'goal-2']],
    ['Goal?target-date:missing=true', ['goal-0']],
  ]);
});

describe('quantity and composite', () => {
  finds(anna, [
    ['Observation?value-quantity=70', ['w1']],
    ['Observation?value-quantity=70|http://unitsofmeasure.org|kg', ['w1']],
    ['Observation?value-quantity=gt70||kg', ['w2']],
    ['Observation?value-quantity=ge70||kg', ['w1', 'w2']],
    ['Observation?value-quantity=lt100||kg', ['w1', 'w2']],
    ['Observation?value-quantity=ap75||kg', ['w1', 'w2']],
    ['Observation?value-quantity=73', ['w2']],
    ['Observation?value-quantity=72', []],
    ['Observation?value-quantity=72.5', ['w2']],
    ['Observation?value-quantity=gt100', ['w3']],
    ['Observation?value-quantity=ne70||kg', ['w2']],
    ['Observation?code-value-quantity=29463-7$gt71', ['w2', 'w3']],
    ['Observation?code-value-quantity=http://loinc.org|29463-7$70||kg', ['w1']],
    ['Observation?code-value-quantity=72166-2$gt1', []],
    ['Observation?code-value-concept=72166-2$266919005', ['smoking']],
    ['Observation?code-value-date=29463-7$2026', []],
  ]);
});

describe('reference, chain and _has', () => {
  finds(anna, [
    ['Observation?patient=anna', all],
    ['Observation?patient=Patient/anna', all],
    [`Observation?patient=${baseUrl}/Patient/anna`, all],
    ['Observation?subject:Patient=anna', all],
    ['Observation?patient=https://other.example/fhir/Patient/anna', []],
    ['Observation?encounter=visit', ['w3']],
    ['Observation?encounter:missing=false', ['w3']],
    ['Observation?patient.family=angstrom&code=72166-2', ['smoking']],
    ['Observation?patient.family=nobody', []],
    ['Observation?encounter.class=AMB', ['w3']],
    ['Observation?encounter.participant:Practitioner.family=house', ['w3']],
    ['Patient?_has:Observation:patient:code=72166-2', ['anna']],
    ['Patient?_has:Observation:patient:code=none', []],
    ['Patient?_has:Observation:patient:encounter.class=AMB', ['anna']],
    ['Practitioner', ['house']],
    ['Organization?name=north', ['clinic']],
  ]);
  finds(directory, [
    ['PractitionerRole?practitioner=house', ['house-role']],
    ['PractitionerRole?practitioner.family=house', ['house-role']],
    ['PractitionerRole?practitioner:Practitioner.name=greg', ['house-role']],
    ['PractitionerRole?network=Organization/net', ['house-role']],
    ['PractitionerRole?network.name=gold', ['house-role']],
    ['PractitionerRole?location.address-city=minneapolis', ['house-role']],
    ['PractitionerRole?organization.name=north', ['grey-role', 'house-role']],
    ['InsurancePlan?coverage-area=Location/downtown', ['gold']],
    ['InsurancePlan?owned-by.name=north', ['gold']],
    ['Organization?partof=clinic', ['net']],
    ['Practitioner?_has:PractitionerRole:practitioner:specialty=207R00000X', ['house']],
    ['Practitioner?_has:PractitionerRole:practitioner:network=net', ['house']],
    ['Organization?_has:InsurancePlan:owned-by:name=gold', ['clinic']],
    ['Location?_has:PractitionerRole:location:practitioner.family=house', ['downtown']],
    ['Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1234567893', ['house']],
    ['Endpoint?organization=clinic', ['fhir-endpoint']],
  ]);
});

describe('place, id, profile', () => {
  finds(directory, [
    ['Location?near=44.97|-93.26|5|km', ['downtown']],
    ['Location?near=44.97|-93.26|300|km', ['downtown', 'duluth']],
    ['Location?near=44.97|-93.26|200|[mi_us]', ['downtown', 'duluth']],
    ['Location?near=44.97|-93.26', ['downtown']],
    ['Location?near=0|0|10|km', []],
    ['Location?_id=downtown,duluth', ['downtown', 'duluth']],
    ['Location?_id=none', []],
    ['Location?address-postalcode=55401', ['downtown']],
  ]);
  finds(anna, [
    ['Patient?_profile=http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient|2.0.0', ['anna']],
    ['Patient?_profile=http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient', ['anna']],
    ['Patient?_profile:below=http://hl7.org/fhir/us/carin-bb', ['anna']],
    ['Patient?_profile=http://example.org/other', []],
  ]);
});

describe('_include and _revinclude', () => {
  it.each([
    ['ExplanationOfBenefit?_include=ExplanationOfBenefit:patient', ['Patient/anna']],
    [
      'ExplanationOfBenefit?_include=ExplanationOfBenefit:*',
      ['Coverage/cover', 'Organization/clinic', 'Patient/anna', 'Practitioner/house'],
    ],
    ['Observation?_id=w3&_include=Observation:encounter', ['Encounter/visit']],
    [
      'Observation?_id=w3&_include=Observation:encounter&_include:iterate=Encounter:service-provider',
      ['Encounter/visit', 'Organization/clinic'],
    ],
    ['Encounter?_revinclude=Observation:encounter', ['Observation/w3']],
    ['Encounter?_revinclude=*', ['Condition/asthma', 'Observation/w3']],
    ['Encounter?_include=Encounter:participant:Practitioner', ['Practitioner/house']],
    ['Encounter?_include=Encounter:participant:PractitionerRole', []],
  ])('%s', async (query, expected) => {
    expect(await store.included(query, anna)).toEqual([...expected].sort());
  });

  it('of the directory follow references that lie in extensions', async () => {
    expect(
      await store.included('PractitionerRole?_id=house-role&_include=PractitionerRole:network', directory),
    ).toEqual(['Organization/net']);
    expect(
      await store.included('Organization?_id=net&_revinclude=PractitionerRole:network', directory),
    ).toEqual(['PractitionerRole/house-role']);
    expect(await store.included('InsurancePlan?_include=InsurancePlan:coverage-area', directory)).toEqual([
      'Location/downtown',
    ]);
  });
});

describe('the Bundle', () => {
  it('says what was used, has absolute fullUrls, and a total', async () => {
    const bundle = await store.search('Observation?code=29463-7&_count=2&colour=red', anna, 'lenient');
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 3 });
    const links = Object.fromEntries(
      bundle.link.map((link: { relation: string; url: string }) => [link.relation, link.url]),
    );
    expect(links.self).toBe(`${baseUrl}/Observation?code=29463-7&_count=2`);
    expect(entries(bundle, 'match').map((entry) => entry.fullUrl)).toEqual([
      `${baseUrl}/Observation/w1`,
      `${baseUrl}/Observation/w2`,
    ]);
    expect(entries(bundle, 'outcome')[0].resource.issue[0].diagnostics).toContain('colour');
    await expect(store.search('Observation?colour=red', anna)).rejects.toMatchObject({ status: 400 });
  });

  it('pages without gaps or repeats, in any order, and a next link cannot be forged or used by another', async () => {
    for (const sort of ['', '&_sort=date', '&_sort=-date', '&_sort=code,-date', '&_sort=value-quantity']) {
      const seen: string[] = [];
      let query: string | undefined = `Observation?_count=2${sort}`;
      while (query !== undefined) {
        const bundle = await store.search(query, anna);
        seen.push(...entries(bundle, 'match').map(({ resource }) => resource.id));
        query = bundle.link
          .find((link: { relation: string }) => link.relation === 'next')
          ?.url.slice(baseUrl.length + 1);
      }
      expect([...seen].sort()).toEqual(all);
    }
    const bundle = await store.search('Observation?_count=2', anna);
    const next = String(bundle.link[1].url.slice(baseUrl.length + 1));
    for (const [query, access] of [
      [next, member('other')],
      [`${next}&status=final`, anna],
      [next.replace('_cursor=', '_cursor=W'), anna],
      [next.replace(/_cursor=.*/, '_cursor=abc'), anna],
    ] as const)
      await expect(store.search(query, access)).rejects.toMatchObject({ status: 400 });
    const ids = await store.ids(next, anna);
    for (const appended of ['&_format=json', '&_pretty=true&_format=application/fhir%2Bjson'])
      expect(await store.ids(next + appended, anna)).toEqual(ids);
  });

  it.each([
    ['date', ['smoking', 'w1', 'w2', 'w3', 'undated']],
    ['-date', ['smoking', 'w3', 'w2', 'w1', 'undated']],
    ['-_id', ['w3', 'w2', 'w1', 'undated', 'smoking']],
    ['status,-_id', ['w3', 'w2', 'w1', 'undated', 'smoking']],
    ['value-quantity', ['w1', 'w2', 'w3', 'smoking', 'undated']],
  ])('is sorted by %s', async (sort, ids) => {
    expect(await store.ids(`Observation?_sort=${sort}`, anna)).toEqual(ids);
  });

  it('counts, summarises and selects elements as asked, and marks what is not whole', async () => {
    expect(await store.search('Observation?_summary=count', anna)).toMatchObject({ total: 5 });
    expect((await store.search('Observation?_summary=count', anna)).entry).toBeUndefined();
    expect((await store.search('Observation?_count=0', anna)).total).toBe(5);
    expect((await store.search('Observation?_count=1&_total=none', anna)).total).toBeUndefined();
    const [entry] = entries(await store.search('Observation?_id=w1&_elements=valueQuantity', anna), 'match');
    expect(Object.keys(entry.resource).sort()).toEqual([
      'code',
      'id',
      'meta',
      'resourceType',
      'status',
      'valueQuantity',
    ]);
    expect(entry.resource.meta.tag[0].code).toBe('SUBSETTED');
    const [patient] = entries(await store.search('Patient?_summary=true', anna), 'match');
    expect(patient.resource).toMatchObject({ birthDate: '1980-05-17' });
  });
});

describe('what cannot be done is refused with what can', () => {
  it.each([
    ['Observation?code:in=http://example.org/vs', 'terminology server'],
    ['Observation?code:exact=x', ':not, :text, :of-type, :missing'],
    ['Observation?date=yesterday', 'YYYY-MM-DD'],
    ['Observation?date=xx2026', 'eq, ne, gt, lt, ge, le, sa, eb, ap'],
    ['Observation?date=2026-02-30', 'is not a date'],
    ['Observation?value-quantity=heavy', 'is not a number'],
    ['Observation?_count=many', 'whole number'],
    ['Observation?_summary=some', 'true, text, data, count, false'],
    ['Observation?_total=maybe', 'none, estimate, accurate'],
    ['Observation?_sort=colour', 'cannot be sorted'],
    ['Observation?_include=Observation:code', 'does not name a reference'],
    ['Observation?status.name=x', 'cannot be chained'],
    ['Observation?encounter:Patient.name=x', 'not to "Patient"'],
    ['Observation?_has:Nothing=x', '_has:Type:reference:parameter'],
    ['Patient?identifier:of-type=a|b', 'system|code|value'],
    ['Observation?code-value-quantity=29463-7', 'two parts'],
    ['Observation?code:missing=perhaps', 'true or false'],
    [
      'Observation?focus.encounter.reason-reference.focus._id=x',
      'name the type that each reference points to',
    ],
    ['Location?near=here', 'latitude|longitude|distance|units'],
    ['Location?near=1|2|3|parsec', 'km'],
  ])('%s', async (query, text) => {
    const access = query.startsWith('Location') ? directory : anna;
    await expect(store.search(query, access)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining(text),
    });
  });

  it('more values than a statement can have', async () => {
    const query = `Observation?_lastUpdated=2026${',2026'.repeat(33_000)}`;
    await expect(store.search(query, anna)).rejects.toMatchObject({ status: 400, issueCode: 'too-costly' });
  });
});
