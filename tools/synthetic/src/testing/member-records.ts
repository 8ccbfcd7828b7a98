import type { Coding, ExplanationOfBenefit, FhirResource, Patient } from 'fhir/r4.js';
import { conditions, stays } from '../clinical-codes.js';
import { generate } from '../index.js';

export const resources = [
  ...generate({ environment: 'sandbox', members: 200, seed: 11 }),
  ...generate({ environment: 'production', members: 60, seed: 12 }),
];
export const illnesses = [...conditions, ...stays.map(({ illness }) => illness)];
export const byKey = new Map(
  resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]),
);

/** A member's resources, in the order of the file. */
export interface MemberRecord {
  patient: Patient;
  of<T extends FhirResource>(type: T['resourceType']): T[];
  all: FhirResource[];
}
export const records: MemberRecord[] = [];
for (const resource of resources) {
  if (resource.resourceType === 'Patient') {
    const all: FhirResource[] = [];
    records.push({
      patient: resource,
      all,
      of: <T extends FhirResource>(type: T['resourceType']) =>
        all.filter((one): one is T => one.resourceType === type),
    });
  }
  // The directory comes before the first member.
  if (records.length > 0 && !isOfDirectory(resource)) records.at(-1)!.all.push(resource);
}

export function isOfDirectory({ resourceType }: FhirResource): boolean {
  return [
    'Practitioner',
    'PractitionerRole',
    'Organization',
    'OrganizationAffiliation',
    'Location',
    'HealthcareService',
    'InsurancePlan',
    'Endpoint',
    'Medication',
  ].includes(resourceType);
}

/** The first things that break a rule; a test expects none. */
export function broken<T>(rule: (record: MemberRecord) => (T | false | undefined | null | '')[]): T[] {
  return records.flatMap(rule).filter(Boolean).slice(0, 5) as T[];
}

/** Whether the claim bills therapy that needs a prior authorization. */
export const isOfTherapy = ({ item }: ExplanationOfBenefit) =>
  item?.some(({ productOrService }) => /^975|^971/.test(productOrService.coding?.[0]?.code ?? '')) ?? false;

export const cents = (value: number | undefined) => Math.round((value ?? 0) * 100);
const benefitsOf = (record: MemberRecord) => record.of<ExplanationOfBenefit>('ExplanationOfBenefit');
export const claimsOf = (record: MemberRecord) => benefitsOf(record).filter(({ use }) => use === 'claim');
export const authorizationsOf = (record: MemberRecord) =>
  benefitsOf(record).filter(({ use }) => use === 'preauthorization');
export type Amount = { category: { coding?: Coding[] }; amount?: { value?: number } };
export const sumOf = (entries: readonly Amount[] | undefined, code: string) =>
  (entries ?? [])
    .filter(({ category }) => category.coding?.[0]?.code === code)
    .reduce((sum, { amount }) => sum + cents(amount?.value), 0);
export const totalOf = (claim: ExplanationOfBenefit, code: string) => sumOf(claim.total, code);
export const amountCodes = [
  'submitted',
  'eligible',
  'discount',
  'deductible',
  'copay',
  'coinsurance',
  'memberliability',
  'benefit',
  'paidtoprovider',
  'noncovered',
  'paidbypatient',
];

/** Calls back for each text in a value and in all it contains, with the name of the text's element. */
export function forEachText(value: object, visit: (text: string, name: string) => void, name = ''): void {
  const isList = Array.isArray(value);
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    const of = isList ? name : key;
    if (typeof item === 'string') visit(item, of);
    else if (item && typeof item === 'object') forEachText(item, visit, of);
  }
}
