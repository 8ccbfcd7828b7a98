import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generate } from '@payer/synthetic';
import type { Basic, FhirResource, InsurancePlan } from 'fhir/r4.js';
import { directory, member, TestStore } from '../testing/store.js';

const guide = 'http://hl7.org/fhir/us/davinci-drug-formulary';
const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/plannet-InsurancePlan';
const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';

const store = new TestStore();
const data: FhirResource[] = [];
beforeAll(async () => {
  for (const resource of generate({ environment: 'sandbox', members: 1 })) data.push(resource);
  await store.start();
  await store.put(data);
});
afterAll(() => store.stop());

const found = async (query: string) => (await store.ids(`${query}&_count=1000`, directory)).sort();
const all = <R extends FhirResource>(type: R['resourceType'], isWanted: (resource: R) => boolean) =>
  data
    .filter((resource): resource is R => resource.resourceType === type)
    .filter(isWanted)
    .map(({ id }) => id!)
    .sort();
const valueOf = ({ extension = [] }: Basic, name: string) =>
  extension.find(({ url }) => url === `${guide}/StructureDefinition/usdf-${name}-extension`);
const lists = () =>
  all<InsurancePlan>('InsurancePlan', ({ type }) => type?.[0]?.coding?.[0]?.code === 'DRUGPOL');

describe('the drug formulary', () => {
  it('lies beside the plans of Plan-Net, and each is found apart', async () => {
    const profiled =
      (canonical: string) =>
      ({ meta }: InsurancePlan) =>
        meta!.profile!.some((one) => one.startsWith(`${canonical}|`));
    expect(await found(`InsurancePlan?_profile=${planNet}`)).toEqual(
      all<InsurancePlan>('InsurancePlan', profiled(planNet)),
    );
    const payerPlan = `${guide}/StructureDefinition/usdf-PayerInsurancePlan`;
    expect(await found(`InsurancePlan?_profile=${payerPlan}`)).toEqual(
      all<InsurancePlan>('InsurancePlan', profiled(payerPlan)),
    );
    expect(lists().length).toBeGreaterThan(1);
    expect(await found('InsurancePlan?type=DRUGPOL')).toEqual(lists());
    expect(await found('InsurancePlan?coverage-type=DRUGPOL')).toHaveLength(lists().length);
    for (const list of lists())
      expect(await found(`InsurancePlan?formulary-coverage=InsurancePlan/${list}`)).toHaveLength(1);
  });

  it('has items by list, tier, status, pharmacy and period, and by the drug', async () => {
    const [list] = lists();
    const ofList = all<Basic>(
      'Basic',
      (item) => valueOf(item, 'FormularyReference')?.valueReference?.reference === `InsurancePlan/${list}`,
    );
    expect(ofList.length).toBeGreaterThan(5);
    expect(await found(`Basic?formulary=InsurancePlan/${list}`)).toEqual(ofList);
    const brand = all<Basic>(
      'Basic',
      (item) => valueOf(item, 'DrugTierID')?.valueCodeableConcept?.coding?.[0]?.code === 'brand',
    );
    expect(brand.length).toBeGreaterThan(1);
    expect(await found('Basic?drug-tier=brand')).toEqual(brand);
    const items = all<Basic>('Basic', () => true);
    expect(await found('Basic?status=active&code=formulary-item')).toEqual(items);
    expect(await found('Basic?period=ge2026-01-01')).toEqual(items);
    expect(await found('Basic?period=sa2027-12-31')).toEqual([]);
    expect((await found('Basic?pharmacy-benefit-type=1-month-in-mail')).length).toBeGreaterThan(5);
    const ofDrug = await found(`Basic?subject:MedicationKnowledge.code=${rxnorm}|314076`);
    expect(ofDrug).toHaveLength(2);
    expect(await found('Basic?subject:MedicationKnowledge.drug-name:contains=lisinopril')).toEqual(ofDrug);
    expect(await found('MedicationKnowledge?doseform=385055001&status=active')).not.toEqual([]);
  });

  it('includes drugs, lists and items in both directions', async () => {
    const [list] = lists();
    const query = `Basic?formulary=InsurancePlan/${list}&drug-tier=brand&_include=Basic:subject&_include=Basic:formulary`;
    const included = await store.included(query, directory);
    expect(included).toContain(`InsurancePlan/${list}`);
    expect(included.filter((name) => name.startsWith('MedicationKnowledge/')).length).toBeGreaterThan(0);
    const plans = await store.included(
      'InsurancePlan?coverage-type=DRUGPOL&_include=InsurancePlan:formulary-coverage',
      directory,
    );
    expect(plans).toEqual(lists().map((id) => `InsurancePlan/${id}`));
    const items = await store.included(`InsurancePlan?_id=${list}&_revinclude=Basic:formulary`, directory);
    expect(items).toHaveLength((await found(`Basic?formulary=${list}`)).length);
  });

  it('is not in the reach of a member', async () => {
    const patient = data.find(({ resourceType }) => resourceType === 'Patient')!.id!;
    const access = member(patient);
    expect(access.types.has('Basic') || access.types.has('MedicationKnowledge')).toBe(false);
    const included = await store.included('Location?_revinclude=*&_include=*', access);
    expect(included.length).toBeGreaterThan(0);
    expect(included.filter((name) => /^(Basic|MedicationKnowledge|InsurancePlan)\//.test(name))).toEqual([]);
  });
});
