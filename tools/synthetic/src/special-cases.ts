import type {
  CodeableConcept,
  Condition,
  Coverage,
  Encounter,
  ExplanationOfBenefit,
  FhirResource,
  Immunization,
  MedicationRequest,
  Observation,
  Patient,
  Procedure,
  RelatedPerson,
} from 'fhir/r4.js';
import { specialMembers } from './special-members.js';

/** A member as the catalogue looks at it. */
export interface CatalogueMember {
  patient: Patient;
  all: FhirResource[];
}

export const hasCode = (concept: CodeableConcept | undefined, code: string) =>
  concept?.coding?.some((coding) => coding.code === code) ?? false;

export const resourcesOf = <T extends FhirResource>({ all }: CatalogueMember, type: T['resourceType']) =>
  all.filter((resource): resource is T => resource.resourceType === type);

const benefitsOf = (member: CatalogueMember) =>
  resourcesOf<ExplanationOfBenefit>(member, 'ExplanationOfBenefit');
export const claimsOf = (member: CatalogueMember) => benefitsOf(member).filter(({ use }) => use === 'claim');
const authorizationsOf = (member: CatalogueMember) =>
  benefitsOf(member).filter(({ use }) => use === 'preauthorization');
/** Whether the plan's action on an authorization is the code of X12 data element 306. */
const isDecided = (authorization: ExplanationOfBenefit, code: string) =>
  JSON.stringify(authorization.item?.[0]?.adjudication).includes(
    `"system":"https://codesystem.x12.org/005010/306","code":"${code}"`,
  );
const paymentIs = (claim: ExplanationOfBenefit, code: string) => hasCode(claim.payment?.type, code);

/**
 * The special cases of the data: the catalogue's words, a search that shows it, and how the data shows it.
 */
export const specialCases: readonly {
  what: string;
  search: string;
  isIn(member: CatalogueMember): boolean;
}[] = [
  {
    what: 'a stay in the hospital',
    search: 'Encounter?class=IMP',
    isIn: (member) =>
      resourcesOf<Encounter>(member, 'Encounter').some((encounter) => encounter.class.code === 'IMP'),
  },
  {
    what: 'an operation with an implant',
    search: 'Device',
    isIn: (member) => resourcesOf(member, 'Device').length > 0,
  },
  {
    what: 'a condition that is over',
    search: 'Condition?clinical-status=resolved',
    isIn: (member) =>
      resourcesOf<Condition>(member, 'Condition').some(({ clinicalStatus }) =>
        hasCode(clinicalStatus, 'resolved'),
      ),
  },
  {
    what: 'a chronic condition',
    search: 'Condition?clinical-status=active',
    isIn: (member) =>
      resourcesOf<Condition>(member, 'Condition').some(({ clinicalStatus }) =>
        hasCode(clinicalStatus, 'active'),
      ),
  },
  {
    what: 'a claim billed again: the first is cancelled',
    search: 'ExplanationOfBenefit (`status`, `related`)',
    isIn: (member) => claimsOf(member).some(({ status }) => status === 'cancelled'),
  },
  {
    what: 'a claim the plan refused',
    search: 'ExplanationOfBenefit?type=pharmacy (`payment.type` denied)',
    isIn: (member) => claimsOf(member).some((claim) => paymentIs(claim, 'denied')),
  },
  {
    what: 'the yearly deductible met',
    search: 'ExplanationOfBenefit (`benefitBalance`)',
    isIn: (member) =>
      claimsOf(member).some(({ benefitBalance }) =>
        benefitBalance?.[0]?.financial?.some(
          ({ allowedMoney, usedMoney }) => allowedMoney?.value === usedMoney?.value,
        ),
      ),
  },
  {
    what: 'a claim decided as a whole, not by line',
    search: 'ExplanationOfBenefit?type=institutional',
    isIn: (member) =>
      claimsOf(member).some(({ adjudication }) => adjudication?.some(({ amount }) => amount !== undefined)),
  },
  {
    what: 'a prior authorization that a claim used',
    search: 'ExplanationOfBenefit?use=preauthorization (`related`, `total`)',
    isIn: (member) => authorizationsOf(member).some(({ related }) => related !== undefined),
  },
  {
    what: 'a prior authorization of a part of the request',
    search: 'ExplanationOfBenefit?use=preauthorization (`item.adjudication` A2)',
    isIn: (member) => authorizationsOf(member).some((one) => isDecided(one, 'A2')),
  },
  {
    what: 'a prior authorization denied, with its reason',
    search: 'ExplanationOfBenefit?use=preauthorization (`item.adjudication` A3)',
    isIn: (member) => authorizationsOf(member).some((one) => isDecided(one, 'A3')),
  },
  {
    what: 'a prior authorization on which the plan has not decided',
    search: 'ExplanationOfBenefit?use=preauthorization (`outcome` queued)',
    isIn: (member) => authorizationsOf(member).some((one) => isDecided(one, 'A4')),
  },
  {
    what: 'a prior authorization that the provider withdrew',
    search: 'ExplanationOfBenefit?use=preauthorization&status=cancelled',
    isIn: (member) => authorizationsOf(member).some((one) => isDecided(one, 'C')),
  },
  {
    what: 'an abnormal laboratory result',
    search: 'Observation?category=laboratory (`interpretation` H)',
    isIn: (member) =>
      resourcesOf<Observation>(member, 'Observation').some(({ interpretation }) =>
        hasCode(interpretation?.[0], 'H'),
      ),
  },
  {
    what: 'something that was not measured',
    search: 'Observation (`dataAbsentReason`)',
    isIn: (member) =>
      resourcesOf<Observation>(member, 'Observation').some(
        ({ dataAbsentReason }) => dataAbsentReason !== undefined,
      ),
  },
  {
    what: 'a medication pointed to, not written out',
    search: 'MedicationRequest?_include=MedicationRequest:medication',
    isIn: (member) =>
      resourcesOf<MedicationRequest>(member, 'MedicationRequest').some(
        ({ medicationReference }) => medicationReference !== undefined,
      ),
  },
  {
    what: 'a medication contained in its prescription',
    search: 'MedicationRequest?medication.code=… (`contained`)',
    isIn: (member) =>
      resourcesOf<MedicationRequest>(member, 'MedicationRequest').some(
        ({ contained }) => contained !== undefined,
      ),
  },
  {
    what: 'an immunization that was refused',
    search: 'Immunization?status=not-done',
    isIn: (member) =>
      resourcesOf<Immunization>(member, 'Immunization').some(({ status }) => status === 'not-done'),
  },
  {
    what: 'a former name',
    search: 'Patient (`name.use` old)',
    isIn: ({ patient }) => patient.name?.some(({ use }) => use === 'old') ?? false,
  },
  {
    what: 'a tribal affiliation',
    search: 'Patient (`extension`)',
    isIn: ({ patient }) =>
      patient.extension?.some(({ url }) => url.endsWith('us-core-tribal-affiliation')) ?? false,
  },
  {
    what: 'a child on a parent’s policy',
    search: 'Coverage (`relationship` child, `subscriber`)',
    isIn: (member) =>
      resourcesOf<Coverage>(member, 'Coverage').some(({ relationship }) => hasCode(relationship, 'child')),
  },
  {
    what: 'growth of a small child',
    search: 'Observation?code=9843-4',
    isIn: (member) =>
      resourcesOf<Observation>(member, 'Observation').some(({ code }) => hasCode(code, '9843-4')),
  },
  {
    what: 'a member who has died',
    search: 'Patient (`deceasedDateTime`)',
    isIn: ({ patient }) => patient.deceasedDateTime !== undefined,
  },
  {
    what: 'a name with a suffix',
    search: 'Patient (`name.suffix`)',
    isIn: ({ patient }) => patient.name?.some(({ suffix }) => suffix !== undefined) ?? false,
  },
  {
    what: 'a document kept as a Binary',
    search: 'DocumentReference (`content.attachment.url`)',
    isIn: (member) => resourcesOf(member, 'Binary').length > 0,
  },
  {
    what: 'a date that is absent with its reason',
    search: 'Procedure (`_performedDateTime`)',
    isIn: (member) =>
      resourcesOf<Procedure>(member, 'Procedure').some(
        ({ _performedDateTime }) => _performedDateTime !== undefined,
      ),
  },
  {
    what: 'a second payer, which pays first',
    search: 'ExplanationOfBenefit (`insurance`, `total` priorpayerpaid)',
    isIn: (member) => resourcesOf(member, 'Coverage').length > 1,
  },
  {
    what: 'a coverage that has ended',
    search: 'Coverage?status=cancelled',
    isIn: (member) => resourcesOf<Coverage>(member, 'Coverage').some(({ status }) => status === 'cancelled'),
  },
  {
    what: 'a member without claims',
    search: 'ExplanationOfBenefit',
    isIn: (member) => claimsOf(member).length === 0,
  },
  {
    what: 'a thousand claims',
    search: 'ExplanationOfBenefit?_count=50 (`next`)',
    isIn: (member) => claimsOf(member).length >= 1000,
  },
  {
    what: 'data with labels of sensitivity',
    search: 'Condition?_security=…v3-ActCode|SUD',
    isIn: ({ all }) => all.some(({ meta }) => meta?.security !== undefined),
  },
  {
    what: 'wishes for care and treatment, average blood pressure (US Core 7.0.0)',
    search: 'Observation?category=care-experience-preference',
    isIn: (member) =>
      resourcesOf<Observation>(member, 'Observation').some(({ category }) =>
        category?.some((concept) => hasCode(concept, 'care-experience-preference')),
      ),
  },
  {
    what: 'a child whose parent is a member',
    search: 'RelatedPerson (`identifier`)',
    isIn: (member) =>
      resourcesOf<RelatedPerson>(member, 'RelatedPerson').some(({ identifier }) => identifier !== undefined),
  },
  {
    what: 'a parent of two members',
    search: 'Patient',
    isIn: ({ patient }) =>
      specialMembers.some((one) => one.patient === patient.id && one.special?.kind === 'parent'),
  },
];
