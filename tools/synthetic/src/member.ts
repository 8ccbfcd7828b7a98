import type { Coverage, Patient, RelatedPerson, FhirResource } from 'fhir/r4.js';
import { claim } from './claims.js';
import { clinicalRecord } from './clinical.js';
import { addDays, at } from './dates.js';
import type { Directory } from './directory.js';
import { extensionUrl, meta, reference } from './meta.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Environment } from './test-members.js';

/** The day all stories end; fixed, so that the same options give the same bytes. */
const today = '2026-06-30';

const given = {
  female: ['Olivia', 'Emma', 'Amara', 'Sofia', 'Mei', 'Hannah', 'Layla', 'Julia', 'Freya', 'Rosa'],
  male: ['Noah', 'Liam', 'Kofi', 'Mateo', 'Wei', 'Samuel', 'Omar', 'Lukas', 'Erik', 'Andre'],
};
const family = [
  'Johnson',
  'Nguyen',
  'Petersen',
  'Martinez',
  'Kim',
  'Olson',
  'Yang',
  'Hassan',
  'Schmidt',
  'Bear',
];

export interface Person {
  /** When the member has died. */
  deceased?: string;
  patient: string;
  name: string;
  gender: 'female' | 'male';
  birthDate: string;
}

/** Who the n-th member is, when it is not one who can sign in. */
export function personOf(environment: Environment, seed: number, n: number): Person {
  const random = new Random(`${environment} person ${seed} ${n}`);
  const gender = random.pick(['female', 'male'] as const);
  return {
    patient: uuidOf(`${environment} patient ${seed} ${n}`),
    name: `${random.pick(given[gender])} ${random.pick(family)}`,
    gender,
    // Every twelfth is a small child, every twelfth after has died.
    birthDate:
      n % 12 === 4
        ? addDays('2023-10-01', random.int(0, 300))
        : addDays('1945-01-01', random.int(0, 65 * 365)),
    ...(n % 12 === 6 ? { deceased: at('2026-05-20', 3) } : {}),
  };
}

const usCoreRace = ([code, display]: readonly [string, string]) => ({
  url: extensionUrl('core', 'us-core-race'),
  extension: [
    { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code, display } },
    { url: 'text', valueString: display },
  ],
});
const usCoreEthnicity = {
  url: extensionUrl('core', 'us-core-ethnicity'),
  extension: [
    {
      url: 'ombCategory',
      valueCoding: {
        system: 'urn:oid:2.16.840.1.113883.6.238',
        code: '2186-5',
        display: 'Not Hispanic or Latino',
      },
    },
    { url: 'text', valueString: 'Not Hispanic or Latino' },
  ],
};

const tribalAffiliation = {
  url: extensionUrl('core', 'us-core-tribal-affiliation'),
  extension: [
    {
      url: 'tribalAffiliation',
      valueCodeableConcept: conceptOf(
        'http://terminology.hl7.org/CodeSystem/v3-TribalEntityUS',
        '187',
        'Paiute-Shoshone Tribe of the Fallon Reservation and Colony, Nevada',
      ),
    },
    { url: 'isEnrolled', valueBoolean: false },
  ],
};

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
  const updated = at('2026-01-02', 7);

  const patient = add<Patient>({
    resourceType: 'Patient',
    id: person.patient,
    meta: meta(updated, 'carin:C4BB-Patient', 'core:us-core-patient'),
    extension: [
      usCoreRace(
        random.pick([
          ['2106-3', 'White'],
          ['2054-5', 'Black or African American'],
          ['2028-9', 'Asian'],
          ['1002-5', 'American Indian or Alaska Native'],
        ] as const),
      ),
      usCoreEthnicity,
      tribalAffiliation,
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
        ...(person.gender === 'male' ? { suffix: ['Jr.'] } : {}),
        period: { start: '2015-05-01' },
      },
      {
        use: 'old',
        family: `${last}-Holm`,
        given: [first ?? ''],
        period: { start: '2005-05-01', end: '2015-04-30' },
      },
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
        period: { start: '2015-05-01' },
      },
      {
        use: 'old',
        line: ['12 Birch Lane'],
        city: home?.city,
        state: home?.state,
        postalCode: home?.postalCode,
        country: 'US',
        period: { start: '2005-05-01', end: '2015-04-30' },
      },
    ],
    communication: [{ language: conceptOf('urn:ietf:bcp:47', 'en', 'English'), preferred: true }],
  });

  const relative = add<RelatedPerson>({
    resourceType: 'RelatedPerson',
    id: uuidOf(`${patient.id} relative`),
    meta: meta(updated, 'carin:C4BB-RelatedPerson', 'core:us-core-relatedperson'),
    active: true,
    patient: reference(patient),
    relationship: [conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'SPS', 'spouse')],
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
    policyHolder: reference(patient),
    subscriber: reference(patient),
    subscriberId: memberNumber,
    beneficiary: reference(patient),
    dependent: '00',
    relationship: conceptOf(systems.subscriberRelationship, 'self'),
    period: { start: '2020-01-01', end: '2027-12-31' },
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

  const visits = clinicalRecord(random, patient, directory, relative, today, add);

  // What a later claim of the same kind replaces.
  const replaced = new Map<string, string | undefined>();
  const bill = (options: Parameters<typeof claim>[0]) => {
    const made = add(claim({ ...options, replaces: replaced.get(options.category) }));
    replaced.set(options.category, made.identifier?.[0]?.value);
  };
  visits.forEach((visit, n) => {
    const practitioner = directory.practitioners[visit.doctor] as (typeof directory.practitioners)[number];
    const clinic = directory.clinics[Math.floor(visit.doctor / 2)] ?? directory.hospital;
    const common = {
      random,
      patient,
      coverage,
      insurer: directory.payer,
      practitioner,
      facility: clinic,
      date: visit.date,
      diagnosis: concept('icd10', visit.icd10),
    };
    const cents = (low: number, high: number) => random.int(low * 100, high * 100);
    bill({
      ...common,
      category: 'professional',
      key: `professional ${n}`,
      provider: practitioner,
      transported: n === 0,
      lines: [
        { product: concept('cpt', '99213'), cents: cents(110, 190), modifier: concept('cpt', '25') },
        { product: concept('cpt', '80053'), cents: cents(30, 80) },
      ],
    });
    bill({
      ...common,
      category: 'pharmacy',
      rejected: n === 2,
      key: `pharmacy ${n}`,
      date: addDays(visit.date, 1),
      provider: directory.pharmacy,
      lines: [{ product: concept('ndc', visit.ndc), cents: cents(12, 90), quantity: 30 }],
    });
    const revenue = (code: string) => conceptOf('https://www.nubc.org/CodeSystem/RevenueCodes', code);
    if (n === 0)
      for (const key of ['inpatient', 'inpatient corrected'])
        bill({
          ...common,
          category: 'inpatient',
          key,
          days: 2,
          provider: directory.hospital,
          lines: [
            {
              product: concept('cpt', '99223'),
              revenue: revenue('0120'),
              cents: cents(2000, 4000),
              quantity: 2,
              modifier: concept('cpt', '25'),
            },
            { product: concept('cpt', '85025'), revenue: revenue('0300'), cents: cents(60, 150) },
          ],
        });
    else
      bill({
        ...common,
        category: 'outpatient',
        key: `outpatient ${n}`,
        provider: directory.hospital,
        adjudicatedAsAWhole: n === 2,
        lines: [
          {
            product: concept('cpt', '99284'),
            revenue: revenue('0450'),
            cents: cents(300, 900),
            modifier: concept('cpt', '25'),
          },
        ],
      });
    if (n === visits.length - 1)
      for (const key of ['oral', 'oral corrected'])
        bill({
          ...common,
          category: 'oral',
          key,
          provider: directory.dentist,
          practitioner: directory.dentist,
          facility: directory.dental,
          diagnosis: concept('icd10', 'Z01.20'),
          lines: [
            {
              product: concept('cdt', 'D1110', 'Prophylaxis - Adult'),
              cents: cents(80, 140),
              modifier: concept('cpt', '25'),
            },
            { product: concept('cdt', 'D0120', 'Periodic oral evaluation'), cents: cents(40, 90) },
          ],
        });
  });
  yield* resources;
}
