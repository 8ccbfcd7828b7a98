import type { Coverage, Patient, RelatedPerson, FhirResource } from 'fhir/r4.js';
import { Benefits } from './benefits.js';
import { claim } from './claims.js';
import { clinicalRecord } from './clinical.js';
import { addDays, at, yearsBetween } from './dates.js';
import type { Directory } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import { races, tribalAffiliation, usCoreEthnicity, usCoreRace, type Person } from './person.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Environment } from './test-members.js';

/** The day all stories end; fixed, so that the same options give the same bytes. */
const today = '2026-06-30';

/** Everything a plan holds about one member, in an order in which references point back. */
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
  const race = person.race
    ? races[3]
    : (races[random.pick([0, 0, 0, 0, 1, 1, 2, 3])] as (typeof races)[number]);
  // Since when the name and the address are what they are.
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
        ...(person.gender === 'male' && memberNumber.endsWith('1') ? { suffix: ['Jr.'] } : {}),
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
    id: uuidOf(`${patient.id} relative`),
    meta: meta(updated, 'carin:C4BB-RelatedPerson', 'core:us-core-relatedperson'),
    active: true,
    patient: reference(patient),
    relationship: [
      isChild
        ? conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'PRN', 'parent')
        : conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'SPS', 'spouse'),
    ],
    name: [{ text: `Alex ${last}`, family: last, given: ['Alex'] }],
    telecom: [{ system: 'phone', value: phone }],
    address: patient.address?.map(({ line, city, state, postalCode, country }) => ({
      line,
      city,
      state,
      postalCode,
      country,
    })),
  });

  const coverage = add<Coverage>({
    resourceType: 'Coverage',
    id: uuidOf(`${patient.id} coverage`),
    meta: meta(updated, 'carin:C4BB-Coverage', 'core:us-core-coverage'),
    identifier: [
      { type: concept('v20203', 'MB'), system: 'https://plan.example/member', value: memberNumber },
    ],
    status: 'active',
    type: conceptOf(systems.actCode, 'HIP', 'health insurance plan policy'),
    // A child is covered by a parent's policy.
    policyHolder: reference(isChild ? relative : patient),
    subscriber: reference(isChild ? relative : patient),
    subscriberId: memberNumber,
    beneficiary: reference(patient),
    dependent: isChild ? '01' : '00',
    relationship: conceptOf(systems.subscriberRelationship, isChild ? 'child' : 'self'),
    period: {
      start: person.birthDate > '2020-01-01' ? person.birthDate : '2020-01-01',
      end: person.deceased ? person.deceased.slice(0, 10) : '2027-12-31',
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

  const visits = clinicalRecord(
    random,
    patient,
    directory,
    relative,
    person.deceased?.slice(0, 10) ?? today,
    add,
  );
  const benefits = new Benefits();
  const bill = (
    options: Omit<Parameters<typeof claim>[0], 'random' | 'patient' | 'coverage' | 'insurer' | 'benefits'>,
  ) => add(claim({ ...options, random, patient, coverage, insurer: directory.payer, benefits }));
  /** Billed, and then billed again with the first line put right: the first claim counts no more. */
  const billAndCorrect = (options: Parameters<typeof bill>[0]) => {
    const before = benefits.save();
    const wrong = bill({ ...options, key: `${options.key} first`, isReplaced: true });
    benefits.restore(before);
    const lines = options.lines.map((line, n) => (n === 0 ? { ...line, cents: line.cents - 500 } : line));
    bill({ ...options, lines, replaces: wrong.identifier?.[0]?.value });
  };
  const cents = (low: number, high: number) => random.int(low * 100, high * 100);
  const revenue = (code: string) => conceptOf('https://www.nubc.org/CodeSystem/RevenueCodes', code);
  const isolated = concept('cpt', '59');

  visits.forEach(({ story, doctor }, n) => {
    const practitioner = directory.practitioners[doctor] as (typeof directory.practitioners)[number];
    const clinic = directory.clinics[Math.floor(doctor / 2)] ?? directory.hospital;
    const { stay, illness, date } = story;
    const left = addDays(date, stay?.days ?? 0);
    const common = { practitioner, facility: clinic, date, diagnosis: concept('icd10', illness.icd10) };
    const isCorrected = n === 1;
    if (stay)
      billAndCorrect({
        ...common,
        category: 'inpatient',
        key: 'inpatient',
        days: stay.days,
        stay,
        facility: directory.hospital,
        provider: directory.hospital,
        lines: stay.lines.map((line) => ({
          product: line.cpt ? concept('cpt', line.cpt) : notApplicable,
          revenue: revenue(line.revenue),
          cents: cents(line.low, line.high),
          quantity: line.quantity,
          ...(line.cpt ? { modifier: isolated } : {}),
        })),
      });
    else
      (isCorrected ? billAndCorrect : bill)({
        ...common,
        category: 'outpatient',
        key: `outpatient ${n}`,
        facility: directory.hospital,
        provider: directory.hospital,
        adjudicatedAsAWhole: n === 2,
        lines: [
          {
            product: concept('cpt', '71046'),
            revenue: revenue('0324'),
            cents: cents(120, 320),
            modifier: isolated,
          },
          { product: concept('cpt', '85025'), revenue: revenue('0300'), cents: cents(30, 90) },
        ],
      });
    (isCorrected ? billAndCorrect : bill)({
      ...common,
      category: 'professional',
      key: `professional ${n}`,
      provider: practitioner,
      transported: n === 0,
      lines: [
        stay
          ? { product: concept('cpt', '99223'), cents: cents(260, 420), modifier: concept('cpt', '25') }
          : {
              product: concept('cpt', '99213'),
              cents: cents(110, 190),
              modifier: concept('cpt', '25'),
              copay: 2500,
            },
        { product: concept('cpt', '80053'), cents: cents(30, 80) },
      ],
    });
    (isCorrected ? billAndCorrect : bill)({
      ...common,
      category: 'pharmacy',
      key: `pharmacy ${n}`,
      date: addDays(left, 1),
      provider: directory.pharmacy,
      lines: [
        {
          product: concept('ndc', illness.medication.ndc),
          cents: cents(16, 90),
          quantity: 30,
          copay: 1000,
          isRefused: story.isPrescriptionRefused,
        },
      ],
    });
    if (n === visits.length - 1)
      billAndCorrect({
        ...common,
        category: 'oral',
        key: 'oral',
        date: addDays(left, 2),
        provider: directory.dentist,
        practitioner: directory.dentist,
        facility: directory.dental,
        diagnosis: concept('icd10', 'Z01.20'),
        lines: [
          {
            product: isChild
              ? concept('cdt', 'D1120', 'Prophylaxis - Child')
              : concept('cdt', 'D1110', 'Prophylaxis - Adult'),
            cents: cents(80, 140),
            modifier: concept('cpt', '25'),
            isPreventive: true,
          },
          {
            product: concept('cdt', 'D0120', 'Periodic oral evaluation'),
            cents: cents(40, 90),
            isPreventive: true,
          },
          {
            product: concept('cdt', 'D2391', 'Resin-based composite - one surface, posterior'),
            cents: cents(140, 220),
          },
        ],
      });
  });
  yield* resources;
}

/** Where the revenue code says all. */
const notApplicable = conceptOf(
  'http://terminology.hl7.org/CodeSystem/data-absent-reason',
  'not-applicable',
  'Not Applicable',
);
