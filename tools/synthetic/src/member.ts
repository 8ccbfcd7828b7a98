import type { Coverage, Patient, RelatedPerson, FhirResource } from 'fhir/r4.js';
import { addAuthorizations, billTherapy } from './authorized-care.js';
import { clinicalRecord } from './clinical.js';
import { coverageOfOther } from './coverage-of-other.js';
import { at, yearsBetween } from './dates.js';
import type { Directory } from './directory.js';
import { billMonthlyFills } from './monthly-fills.js';
import { preferencesRecord } from './preferences-record.js';
import { provenancesOf } from './provenances.js';
import { sensitiveRecord } from './sensitive-record.js';
import { billing, billVisits } from './visit-claims.js';
import { extensionUrl, meta, reference } from './meta.js';
import { races, tribalAffiliation, usCoreEthnicity, usCoreRace } from './person.js';
import { carerOf, relativeId } from './relatives.js';
import type { Person } from './special-members.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Environment } from './test-members.js';

/** The day all stories end; fixed, so that the same options give the same bytes. */
const today = '2026-06-30';

/**
 * All that a plan holds about one member. A resource comes after the resources that it references, except
 * that a Binary names the document that it belongs to.
 */
export function* member(
  environment: Environment,
  person: Person,
  directory: Directory,
): Generator<FhirResource> {
  const random = new Random(`${environment} member ${person.patient}`);
  const resources: FhirResource[] = [];
  const add = <R extends FhirResource>(resource: R): R => {
    resources.push(resource);
    return resource;
  };
  const [first, ...rest] = person.name.split(' ');
  const last = rest.pop() ?? '';
  const home = directory.hospital.address?.[0];
  const memberNumber = random.digits(10);
  const phone = `+1-555-${random.digits(3)}-${random.digits(4)}`;
  const updated = person.deceased ? at('2026-05-22', 7) : at('2026-01-02', 7);
  const age = yearsBetween(person.birthDate, today);
  const isChild = age < 18;
  const { special } = person;
  const coverageEnd = special?.kind === 'coverage ended' ? special.end : undefined;
  const race = person.race
    ? races[3]
    : (races[random.pick([0, 0, 0, 0, 1, 1, 2, 3])] as (typeof races)[number]);
  /** The day from which the name and the address hold. */
  const since = isChild ? person.birthDate : '2015-05-01';
  const hadAnotherName = person.birthDate < '1985-05-01' && person.gender === 'female';
  const hadAnotherAddress = person.birthDate < '2000-01-01';

  const patient = add<Patient>({
    resourceType: 'Patient',
    id: person.patient,
    meta: meta(updated, 'carin:C4BB-Patient', 'core:us-core-patient'),
    extension: [
      usCoreRace(race),
      usCoreEthnicity,
      ...(race[0] === '1002-5' ? [tribalAffiliation] : []),
      {
        url: extensionUrl('core', 'us-core-sex'),
        valueCode: person.gender === 'female' ? '248152002' : '248153007',
      },
      { url: extensionUrl('core', 'us-core-birthsex'), valueCode: person.gender === 'female' ? 'F' : 'M' },
      {
        url: extensionUrl('core', 'us-core-genderIdentity'),
        valueCodeableConcept: concept(
          'snomed',
          person.gender === 'female' ? '446141000124107' : '446151000124109',
          person.gender === 'female'
            ? 'Identifies as female gender (finding)'
            : 'Identifies as male gender (finding)',
        ),
      },
    ],
    identifier: [
      { type: concept('v20203', 'MB'), system: 'https://plan.example/member', value: memberNumber },
      {
        type: concept('c4bbIdentifier', 'um'),
        system: 'https://plan.example/unique-member',
        value: `${memberNumber}-00`,
      },
    ],
    active: true,
    name: [
      {
        use: 'official',
        text: person.name,
        family: last,
        given: [first ?? '', ...rest],
        ...(person.suffix ? { suffix: [person.suffix] } : {}),
        period: { start: since },
      },
      ...(hadAnotherName
        ? [
            {
              use: 'old' as const,
              family: `${last}-Holm`,
              given: [first ?? ''],
              period: { start: '2005-05-01', end: '2015-04-30' },
            },
          ]
        : []),
    ],
    ...(person.deceased ? { deceasedDateTime: person.deceased } : {}),
    telecom: [
      { system: 'phone', value: phone, use: 'mobile' },
      {
        system: 'email',
        value: `${(first ?? 'member').toLowerCase()}.${memberNumber}@mail.example`,
        use: 'home',
      },
    ],
    gender: person.gender,
    birthDate: person.birthDate,
    address: [
      {
        use: 'home',
        line: [`${random.int(1, 990)} Oak Street`],
        city: home?.city,
        state: home?.state,
        postalCode: home?.postalCode,
        country: 'US',
        period: { start: since },
      },
      ...(hadAnotherAddress
        ? [
            {
              use: 'old' as const,
              line: ['12 Birch Lane'],
              city: home?.city,
              state: home?.state,
              postalCode: home?.postalCode,
              country: 'US',
              period: { start: '2005-05-01', end: '2015-04-30' },
            },
          ]
        : []),
    ],
    communication: [{ language: conceptOf('urn:ietf:bcp:47', 'en', 'English'), preferred: true }],
  });

  const relative = add<RelatedPerson>({
    resourceType: 'RelatedPerson',
    id: relativeId(person.patient),
    meta: meta(updated, 'carin:C4BB-RelatedPerson', 'core:us-core-relatedperson'),
    active: true,
    patient: reference(patient),
    relationship: [
      isChild
        ? conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'PRN', 'parent')
        : conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'SPS', 'spouse'),
    ],
    ...(special?.kind === 'child of'
      ? { identifier: [{ system: 'https://plan.example/related-member', value: special.parent }] }
      : {}),
    name: [
      special?.kind === 'child of'
        ? { text: special.parentName, family: last, given: [special.parentName.split(' ')[0] as string] }
        : { text: `Alex ${last}`, family: last, given: ['Alex'] },
    ],
    telecom: [{ system: 'phone', value: phone }],
    address: patient.address?.map(({ line, city, state, postalCode, country }) => ({
      line,
      city,
      state,
      postalCode,
      country,
    })),
  });

  if (person.carer) add(carerOf(patient, person.carer, updated));

  const coverage = add<Coverage>({
    resourceType: 'Coverage',
    id: uuidOf(`${patient.id} coverage`),
    meta: meta(updated, 'carin:C4BB-Coverage', 'core:us-core-coverage'),
    identifier: [
      { type: concept('v20203', 'MB'), system: 'https://plan.example/member', value: memberNumber },
    ],
    status: coverageEnd ? 'cancelled' : 'active',
    type: conceptOf(systems.actCode, 'HIP', 'health insurance plan policy'),
    // A child is covered by a parent's policy.
    policyHolder: reference(isChild ? relative : patient),
    subscriber: reference(isChild ? relative : patient),
    subscriberId: memberNumber,
    beneficiary: reference(patient),
    dependent: isChild ? '01' : '00',
    relationship: conceptOf(systems.subscriberRelationship, isChild ? 'child' : 'self'),
    period: {
      start: special?.kind === 'no claims' ? '2026-06-15' : later(person.birthDate, '2020-01-01'),
      end: person.deceased?.slice(0, 10) ?? coverageEnd ?? '2027-12-31',
    },
    payor: [reference(directory.payer, directory.payer.name)],
    class: [
      {
        type: conceptOf(systems.coverageClass, 'group'),
        value: random.digits(6),
        name: 'Lakeside Manufacturing',
      },
      { type: conceptOf(systems.coverageClass, 'plan'), value: 'PLAN-1', name: directory.plan.name },
    ],
    network: directory.network.name,
  });

  const otherCoverage =
    special?.kind === 'two payers' ? add(coverageOfOther(patient, directory, updated)) : undefined;
  if (special?.kind !== 'no claims') {
    const end = person.deceased?.slice(0, 10) ?? coverageEnd ?? today;
    const visits = clinicalRecord(random, patient, directory, relative, end, add);
    const billed = { random, patient, coverage, otherCoverage, directory, isChild };
    const biller = billing(billed, add);
    billVisits(billed, visits, biller);
    const authorized = { patient, coverage, directory, isChild, end };
    billTherapy(authorized, biller);
    addAuthorizations(authorized, visits, resources);
    if (special?.kind === 'many claims') billMonthlyFills(billed, biller);
    if (special?.kind === 'two payers') preferencesRecord(patient, visits, add);
    if (special?.kind === 'sensitive') sensitiveRecord(random, patient, directory, visits, add);
  }
  yield* resources;
  yield* provenancesOf(patient, resources, directory);
}

const later = (one: string, other: string) => (one > other ? one : other);
