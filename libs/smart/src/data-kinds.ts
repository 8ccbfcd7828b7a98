import { planRules, plans, resourceTypesOfPlan, type Plan } from './plans.js';
import { isTypeOfGrant, type MemberReferencedType, type PatientCompartmentType } from './resource-types.js';

/** Kinds of data in a member's terms, in the order of the consent page. */
export const dataKinds = [
  'identity',
  'coverage',
  'claims',
  'priorAuthorizations',
  'visits',
  'conditions',
  'allergies',
  'medicines',
  'vaccines',
  'tests',
  'procedures',
  'carePlans',
  'careTeam',
  'referrals',
  'documents',
  'answers',
  'familyContacts',
  'recordHistory',
] as const;
export type DataKind = (typeof dataKinds)[number];

/** Resource types that a member's app may read. */
export type MemberResourceType = PatientCompartmentType | MemberReferencedType;

/** The kind of data of each resource type. A new type in a member's plan needs a row here. */
export const kindOfType: Readonly<Record<MemberResourceType, DataKind>> = {
  Patient: 'identity',
  Coverage: 'coverage',
  ExplanationOfBenefit: 'claims',
  Encounter: 'visits',
  Location: 'visits',
  Endpoint: 'visits',
  Condition: 'conditions',
  AllergyIntolerance: 'allergies',
  MedicationRequest: 'medicines',
  MedicationDispense: 'medicines',
  Medication: 'medicines',
  Immunization: 'vaccines',
  Observation: 'tests',
  DiagnosticReport: 'tests',
  Specimen: 'tests',
  Procedure: 'procedures',
  Device: 'procedures',
  CarePlan: 'carePlans',
  Goal: 'carePlans',
  CareTeam: 'careTeam',
  Practitioner: 'careTeam',
  PractitionerRole: 'careTeam',
  Organization: 'careTeam',
  ServiceRequest: 'referrals',
  DocumentReference: 'documents',
  Binary: 'documents',
  QuestionnaireResponse: 'answers',
  RelatedPerson: 'familyContacts',
  Provenance: 'recordHistory',
};

/**
 * The resource type whose resources are counted for a kind of data, as in "15 claims". A kind without a row
 * has no number that means something to a member.
 */
export const countedTypeOfKind = {
  claims: 'ExplanationOfBenefit',
  visits: 'Encounter',
  conditions: 'Condition',
  allergies: 'AllergyIntolerance',
  medicines: 'MedicationRequest',
  vaccines: 'Immunization',
  tests: 'Observation',
  procedures: 'Procedure',
  carePlans: 'CarePlan',
  referrals: 'ServiceRequest',
  documents: 'DocumentReference',
  answers: 'QuestionnaireResponse',
  familyContacts: 'RelatedPerson',
} as const satisfies Partial<Record<DataKind, MemberResourceType>>;
export type CountedKind = keyof typeof countedTypeOfKind;
export const countedTypes: readonly MemberResourceType[] = Object.values(countedTypeOfKind);

/**
 * Kinds of data that share a resource type with another kind: the element and value that distinguish them.
 */
export const kindsWithinType = {
  priorAuthorizations: { type: 'ExplanationOfBenefit', element: 'use', value: 'preauthorization' },
} as const satisfies Partial<Record<DataKind, { type: MemberResourceType; element: string; value: string }>>;

/** Whether the kind is a part of a resource type. */
export const isKindWithinType = (kind: DataKind): kind is keyof typeof kindsWithinType =>
  Object.hasOwn(kindsWithinType, kind);

/** One kind of data, with the plan's resource types of this kind. */
export interface OpenedKind {
  kind: DataKind;
  types: MemberResourceType[];
}

/**
 * The kinds of data that a plan opens to an app, from the plan's resource types. The app's own grant does
 * not count as the member's data.
 * @throws Error with the resource types that {@link kindOfType} lacks, because no page may omit them
 */
export function dataKindsOf(plan: Plan): OpenedKind[] {
  const types = [...resourceTypesOfPlan[plan]].filter((type) => !isTypeOfGrant(type));
  const unknown = types.filter((type) => !Object.hasOwn(kindOfType, type));
  if (unknown.length > 0)
    throw new Error(`${unknown.join(', ')} of plan ${plan}: kindOfType (data-kinds.ts) needs a row for it`);
  const known = types as MemberResourceType[];
  return dataKinds
    .map((kind) => ({ kind, types: known.filter((type) => isOfKind(type, kind)) }))
    .filter((opened) => opened.types.length > 0);
}

const isOfKind = (type: MemberResourceType, kind: DataKind): boolean =>
  isKindWithinType(kind) ? kindsWithinType[kind].type === type : kindOfType[type] === kind;

/**
 * The plan of a member's grant, found by its scopes: a token carries exactly the scopes of its plan.
 * @param scope scopes, separated by spaces
 * @throws Error when no member plan has these scopes
 */
export function memberPlanOfScope(scope: string): Plan {
  const asked = scope.split(' ').filter(Boolean).sort().join(' ');
  const found = plans.find((plan) => {
    const rule = planRules[plan];
    return rule.patientClaim === 'required' && [...rule.scopes].sort().join(' ') === asked;
  });
  if (!found) throw new Error(`no plan for members has the scopes ${JSON.stringify(scope)}`);
  return found;
}
