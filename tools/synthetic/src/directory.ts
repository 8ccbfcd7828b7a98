import type {
  Endpoint,
  Extension,
  HealthcareService,
  InsurancePlan,
  Location,
  Medication,
  Organization,
  OrganizationAffiliation,
  Practitioner,
  PractitionerRole,
  FhirResource,
} from 'fhir/r4.js';
import { conditions } from './clinical-codes.js';
import { extensionUrl, meta, reference } from './meta.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Environment } from './test-members.js';

const updated = '2026-01-15T08:00:00Z';
const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/';

/** Towns of the plan's region with their place on the map. */
const towns: Record<Environment, readonly (readonly [string, string, string, number, number])[]> = {
  sandbox: [
    ['Minneapolis', 'MN', '55415', 44.9778, -93.265],
    ['Saint Paul', 'MN', '55102', 44.9537, -93.09],
    ['Bloomington', 'MN', '55425', 44.8408, -93.2983],
    ['Duluth', 'MN', '55802', 46.7867, -92.1005],
    ['Rochester', 'MN', '55902', 44.0121, -92.4802],
    ['Hudson', 'WI', '54016', 44.9747, -92.7569],
  ],
  production: [
    ['Fargo', 'ND', '58102', 46.8772, -96.7898],
    ['Moorhead', 'MN', '56560', 46.8739, -96.7678],
    ['Sioux Falls', 'SD', '57104', 43.5446, -96.7311],
    ['Mankato', 'MN', '56001', 44.1636, -93.9994],
  ],
};

const specialties = [
  ['207Q00000X', 'Family Medicine Physician'],
  ['207R00000X', 'Internal Medicine Physician'],
  ['207RC0000X', 'Cardiovascular Disease Physician'],
  ['207RE0101X', 'Endocrinology, Diabetes & Metabolism Physician'],
  ['207V00000X', 'Obstetrics & Gynecology Physician'],
  ['208000000X', 'Pediatrics Physician'],
  ['207X00000X', 'Orthopaedic Surgery Physician'],
  ['2084P0800X', 'Psychiatry Physician'],
  ['122300000X', 'Dentist'],
  ['363LF0000X', 'Family Nurse Practitioner'],
] as const;

const given = [
  'Anna',
  'Ben',
  'Clara',
  'David',
  'Elif',
  'Frank',
  'Grace',
  'Hugo',
  'Ines',
  'Jonas',
  'Kira',
  'Liam',
];
const family = [
  'Andersen',
  'Brooks',
  'Castillo',
  'Dahl',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Hansen',
  'Ito',
  'Jensen',
];

/** What the members' records point to. */
export interface Directory {
  payer: Organization;
  hospital: Organization;
  clinics: Organization[];
  pharmacy: Organization;
  dental: Organization;
  practitioners: Practitioner[];
  dentist: Practitioner;
  roles: PractitionerRole[];
  locations: Location[];
  plan: InsurancePlan;
  network: Organization;
  medications: Medication[];
  resources: FhirResource[];
}

/** A National Provider Identifier with its check digit: Luhn's, over the number behind the prefix 80840 (45 CFR §162.406). */
function npi(random: Random): string {
  const body = `1${random.digits(8)}`;
  let sum = 0;
  [...`80840${body}`].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return `${body}${(10 - (sum % 10)) % 10}`;
}

export const practitionerName = (practitioner: Practitioner) => practitioner.name?.[0]?.text ?? '';

const daily = (hours: [string, string]) => [
  {
    daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'] as ('mon' | 'tue' | 'wed' | 'thu' | 'fri')[],
    availableStartTime: hours[0],
    availableEndTime: hours[1],
  },
];

const phoneHours: Extension = {
  url: extensionUrl('planNet', 'contactpoint-availabletime'),
  extension: [
    { url: 'daysOfWeek', valueCode: 'mon' },
    { url: 'daysOfWeek', valueCode: 'wed' },
    { url: 'availableStartTime', valueTime: '08:00:00' },
    { url: 'availableEndTime', valueTime: '17:00:00' },
  ],
};

const acceptsNewPatients = (code: string, network?: Organization): Extension => ({
  url: extensionUrl('planNet', 'newpatients'),
  extension: [
    {
      url: 'acceptingPatients',
      valueCodeableConcept: conceptOf(`${planNet}AcceptingPatientsCS`, code),
    },
    ...(network ? [{ url: 'fromNetwork', valueReference: reference(network) }] : []),
  ],
});

/** The provider directory of an environment; `size` practices. Deterministic. */
export function makeDirectory(environment: Environment, size: number): Directory {
  const random = new Random(`directory ${environment}`);
  const id = (what: string) => uuidOf(`${environment} directory ${what}`);
  const phone = () => `+1-555-${random.digits(3)}-${random.digits(4)}`;
  const resources: FhirResource[] = [];
  const add = <R extends FhirResource>(resource: R): R => {
    resources.push(resource);
    return resource;
  };

  const telecomWithHours = () => [
    { system: 'phone' as const, value: phone(), rank: 1, extension: [phoneHours] },
    {
      system: 'phone' as const,
      value: '+1-555-010-0100',
      rank: 2,
      // The plan's call center puts callers through.
      extension: [
        {
          url: extensionUrl('planNet', 'via-intermediary'),
          valueReference: { reference: `Organization/${id('payer')}` },
        },
      ],
    },
  ];

  const endpoint = (name: string, owner: string): Endpoint =>
    add({
      resourceType: 'Endpoint',
      id: id(`endpoint ${name}`),
      meta: meta(updated, 'planNet:plannet-Endpoint'),
      extension: [
        {
          url: extensionUrl('planNet', 'endpoint-usecase'),
          extension: [
            {
              url: 'type',
              valueCodeableConcept: conceptOf('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'TREAT'),
            },
          ],
        },
      ],
      status: 'active',
      connectionType: {
        system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
        code: 'hl7-fhir-rest',
      },
      name,
      managingOrganization: { reference: `Organization/${owner}` },
      contact: [{ system: 'email', value: 'interoperability@plan.example' }],
      payloadType: [conceptOf(`${planNet}EndpointPayloadTypeCS`, 'NA')],
      payloadMimeType: ['application/fhir+json'],
      address: 'https://fhir.plan.example/r4',
    });

  const organization = (
    key: string,
    name: string,
    type: string,
    town: readonly [string, string, string, number, number],
    more: Partial<Organization> = {},
  ): Organization =>
    add({
      resourceType: 'Organization',
      id: id(key),
      meta: meta(
        updated,
        'planNet:plannet-Organization',
        'carin:C4BB-Organization',
        'core:us-core-organization',
      ),
      extension: [
        {
          url: extensionUrl('planNet', 'org-description'),
          valueString: `${name} serves the region around ${town[0]}.`,
        },
        {
          url: extensionUrl('planNet', 'qualification'),
          extension: [
            {
              url: 'code',
              valueCodeableConcept: conceptOf('http://terminology.hl7.org/CodeSystem/v2-0360', 'MD'),
            },
            { url: 'status', valueCode: 'active' },
          ],
        },
      ],
      identifier: [
        { type: concept('v20203', 'NPI'), system: systems.npi, value: npi(random) },
        { type: concept('v20203', 'TAX'), system: systems.tax, value: `41-${random.digits(7)}` },
      ],
      active: true,
      type: [conceptOf(`${planNet}OrgTypeCS`, type)],
      name,
      telecom: telecomWithHours(),
      address: [
        {
          extension: [
            {
              url: 'http://hl7.org/fhir/StructureDefinition/geolocation',
              extension: [
                { url: 'latitude', valueDecimal: town[3] },
                { url: 'longitude', valueDecimal: town[4] },
              ],
            },
          ],
          use: 'work',
          type: 'both',
          text: `${random.int(1, 990)} Main Street, ${town[0]}, ${town[1]} ${town[2]}`,
          line: [`${random.int(1, 990)} Main Street`],
          city: town[0],
          state: town[1],
          postalCode: town[2],
          country: 'US',
        },
      ],
      contact: [{ telecom: [{ system: 'phone', value: phone(), use: 'work' }] }],
      ...more,
    });

  const area = towns[environment];
  const home = area[0] as (typeof area)[number];
  const payerEndpoint = endpoint('Plan FHIR API', id('payer'));
  const payer = organization(
    'payer',
    environment === 'sandbox' ? 'Example Health Plan' : 'Northern Health Plan',
    'payer',
    home,
    {
      endpoint: [reference(payerEndpoint)],
    },
  );
  payer.identifier?.push(
    {
      type: concept('c4bbIdentifier', 'payerid'),
      system: 'https://plan.example/payerid',
      value: random.digits(5),
    },
    {
      type: concept('c4bbIdentifier', 'naiccode'),
      system: 'urn:oid:2.16.840.1.113883.6.300',
      value: random.digits(5),
    },
  );
  const hospital = organization('hospital', `${home[0]} General Hospital`, 'fac', home, {
    partOf: reference(payer),
    endpoint: [reference(payerEndpoint)],
  });
  const pharmacy = organization('pharmacy', `${home[0]} Pharmacy`, 'fac', home);
  const dental = organization('dental', `${home[0]} Dental Group`, 'prvgrp', home);

  const region: Location = add({
    resourceType: 'Location',
    id: id('region'),
    meta: meta(updated, 'planNet:plannet-Location'),
    status: 'active',
    name: 'Service area',
    description: 'Where the plan is offered',
    type: [conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'PTRES')],
    address: { state: home[1], country: 'US' },
    managingOrganization: reference(payer),
    extension: [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/location-boundary-geojson',
        valueAttachment: {
          contentType: 'application/geo+json',
          data: Buffer.from(
            JSON.stringify({
              type: 'Polygon',
              coordinates: [
                [
                  [-97.5, 43.4],
                  [-89.4, 43.4],
                  [-89.4, 49.4],
                  [-97.5, 49.4],
                  [-97.5, 43.4],
                ],
              ],
            }),
          ).toString('base64'),
        },
      },
    ],
  });

  const networks = ['Preferred', 'Standard'].map((name) =>
    add<Organization>({
      resourceType: 'Organization',
      id: id(`network ${name}`),
      meta: meta(updated, 'planNet:plannet-Network'),
      extension: [{ url: extensionUrl('planNet', 'location-reference'), valueReference: reference(region) }],
      identifier: [
        { type: concept('v20203', 'XX'), system: 'https://plan.example/network', value: name.toUpperCase() },
      ],
      active: true,
      type: [conceptOf(`${planNet}OrgTypeCS`, 'ntwk')],
      name: `${name} Network`,
      address: [
        { line: ['1 Plan Plaza'], city: home[0], state: home[1], postalCode: home[2], country: 'US' },
      ],
      partOf: reference(payer),
      contact: [{ name: { text: 'Network Services' }, telecom: [{ system: 'phone', value: phone() }] }],
      endpoint: [reference(payerEndpoint)],
    }),
  );
  const network = networks[0] as Organization;

  const plans = networks.map((of, index) =>
    add<InsurancePlan>({
      resourceType: 'InsurancePlan',
      id: id(`plan ${index}`),
      meta: meta(updated, 'planNet:plannet-InsurancePlan'),
      identifier: [
        {
          type: concept('v20203', 'XX'),
          system: 'https://plan.example/plan',
          value: `PLAN-${index + 1}`,
          assigner: reference(payer),
        },
      ],
      status: 'active',
      type: [conceptOf(`${planNet}InsuranceProductTypeCS`, index === 0 ? 'qhp' : 'mediadv')],
      name: index === 0 ? 'Gold Choice' : 'Senior Advantage',
      alias: [index === 0 ? 'Gold' : 'Senior'],
      period: { start: '2025-01-01', end: '2027-12-31' },
      ownedBy: reference(payer),
      administeredBy: reference(payer),
      coverageArea: [reference(region)],
      contact: [{ name: { text: 'Member Services' }, telecom: [{ system: 'phone', value: phone() }] }],
      endpoint: [reference(payerEndpoint)],
      network: [reference(of)],
      plan: [
        {
          type: conceptOf(`${planNet}InsurancePlanTypeCS`, index === 0 ? 'gold' : 'catastrophic'),
          coverageArea: [reference(region)],
        },
      ],
    }),
  );

  const clinics: Organization[] = [];
  const locations: Location[] = [];
  const practitioners: Practitioner[] = [];
  const roles: PractitionerRole[] = [];
  for (let n = 0; n < size; n++) {
    const town = area[n % area.length] as (typeof area)[number];
    const clinic = organization(
      `clinic ${n}`,
      `${town[0]} Clinic ${Math.floor(n / area.length) + 1}`,
      'prvgrp',
      town,
      {
        partOf: reference(hospital),
      },
    );
    clinics.push(clinic);
    const location = add<Location>({
      resourceType: 'Location',
      id: id(`location ${n}`),
      meta: meta(updated, 'planNet:plannet-Location', 'core:us-core-location'),
      extension: [
        acceptsNewPatients(n % 3 === 2 ? 'nopt' : 'newpt', network),
        {
          url: extensionUrl('planNet', 'accessibility'),
          valueCodeableConcept: conceptOf(`${planNet}AccessibilityCS`, 'handiaccess'),
        },
      ],
      identifier: [
        { type: concept('v20203', 'XX'), system: 'https://plan.example/location', value: `LOC-${n}` },
      ],
      status: 'active',
      name: `${clinic.name} building`,
      alias: [`${town[0]} ${n}`],
      description: `Main building of ${clinic.name}`,
      type: [conceptOf('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'OF')],
      telecom: telecomWithHours(),
      address: {
        line: [`${random.int(1, 990)} Lake Avenue`],
        city: town[0],
        state: town[1],
        postalCode: town[2],
        country: 'US',
      },
      position: {
        longitude: Number((town[4] + (random.next() - 0.5) * 0.2).toFixed(5)),
        latitude: Number((town[3] + (random.next() - 0.5) * 0.2).toFixed(5)),
      },
      managingOrganization: reference(clinic),
      partOf: reference(region),
      hoursOfOperation: [
        { daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], openingTime: '08:00:00', closingTime: '18:00:00' },
        { daysOfWeek: ['sat'], allDay: true },
      ],
      availabilityExceptions: 'Closed on public holidays',
      endpoint: [reference(payerEndpoint)],
    });
    locations.push(location);
    const service = add<HealthcareService>({
      resourceType: 'HealthcareService',
      id: id(`service ${n}`),
      meta: meta(updated, 'planNet:plannet-HealthcareService'),
      extension: [
        acceptsNewPatients('newpt', network),
        {
          url: extensionUrl('planNet', 'delivery-method'),
          extension: [
            {
              url: 'type',
              valueCodeableConcept: conceptOf(
                `${planNet}DeliveryMethodCS`,
                n % 4 === 3 ? 'virtual' : 'physical',
              ),
            },
            ...(n % 4 === 3
              ? [
                  {
                    url: 'virtualModalities',
                    valueCodeableConcept: conceptOf(`${planNet}VirtualModalitiesCS`, 'phone'),
                  },
                ]
              : []),
          ],
        },
      ],
      identifier: [
        { type: concept('v20203', 'XX'), system: 'https://plan.example/service', value: `SVC-${n}` },
      ],
      active: true,
      providedBy: reference(clinic),
      category: [conceptOf(`${planNet}HealthcareServiceCategoryCS`, 'outpat')],
      type: [conceptOf('http://terminology.hl7.org/CodeSystem/service-type', '124', 'General Practice')],
      specialty: [concept('nucc', ...(specialties[n % specialties.length] as readonly [string, string]))],
      location: [reference(location)],
      name: `${clinic.name} outpatient care`,
      comment: 'Walk-ins welcome in the morning',
      telecom: telecomWithHours(),
      coverageArea: [reference(region)],
      appointmentRequired: true,
      availableTime: [...daily(['08:00:00', '17:00:00']), { daysOfWeek: ['sat'], allDay: true }],
      notAvailable: [{ description: 'Summer break', during: { start: '2026-07-06', end: '2026-07-17' } }],
      availabilityExceptions: 'Closed on public holidays',
      endpoint: [reference(payerEndpoint)],
    });
    add<OrganizationAffiliation>({
      resourceType: 'OrganizationAffiliation',
      id: id(`affiliation ${n}`),
      meta: meta(updated, 'planNet:plannet-OrganizationAffiliation'),
      identifier: [
        { type: concept('v20203', 'XX'), system: 'https://plan.example/affiliation', value: `AFF-${n}` },
      ],
      active: true,
      period: { start: '2024-01-01' },
      organization: reference(hospital),
      participatingOrganization: reference(clinic),
      network: [reference(networks[n % networks.length] as Organization)],
      code: [conceptOf(`${planNet}OrganizationAffiliationRoleCS`, 'outpatient')],
      specialty: [concept('nucc', ...(specialties[n % specialties.length] as readonly [string, string]))],
      location: [reference(location)],
      healthcareService: [reference(service)],
      telecom: [{ system: 'phone', value: phone(), rank: 1 }],
      endpoint: [reference(payerEndpoint)],
    });
    for (let p = 0; p < 2; p++) {
      const [first, last] = [random.pick(given), random.pick(family)];
      const specialty = specialties[(n * 2 + p) % specialties.length] as readonly [string, string];
      const practitioner = add<Practitioner>({
        resourceType: 'Practitioner',
        id: id(`practitioner ${n} ${p}`),
        meta: meta(
          updated,
          'planNet:plannet-Practitioner',
          'carin:C4BB-Practitioner',
          'core:us-core-practitioner',
        ),
        identifier: [
          { type: concept('v20203', 'NPI'), system: systems.npi, value: npi(random) },
          { type: concept('v20203', 'TAX'), system: systems.tax, value: `41-${random.digits(7)}` },
        ],
        active: true,
        name: [{ use: 'official', text: `${first} ${last}`, family: last, given: [first], prefix: ['Dr.'] }],
        telecom: telecomWithHours(),
        address: [
          {
            extension: [
              {
                url: 'http://hl7.org/fhir/StructureDefinition/geolocation',
                extension: [
                  { url: 'latitude', valueDecimal: town[3] },
                  { url: 'longitude', valueDecimal: town[4] },
                ],
              },
            ],
            use: 'work',
            line: ['10 Lake Avenue'],
            city: town[0],
            state: town[1],
            postalCode: town[2],
            country: 'US',
          },
        ],
        gender: random.chance(0.5) ? 'female' : 'male',
        qualification: [
          {
            extension: [
              {
                url: extensionUrl('planNet', 'practitioner-qualification'),
                extension: [
                  { url: 'status', valueCode: 'active' },
                  {
                    url: 'whereValid',
                    valueCodeableConcept: conceptOf('https://www.usps.com/', town[1]),
                  },
                ],
              },
            ],
            identifier: [{ system: 'https://plan.example/license', value: random.digits(6) }],
            code: conceptOf('http://terminology.hl7.org/CodeSystem/v2-0360', 'MD', 'Doctor of Medicine'),
            period: { start: '2010-06-01', end: '2030-06-01' },
            issuer: reference(hospital),
          },
        ],
        communication: [
          {
            extension: [
              {
                url: extensionUrl('planNet', 'communication-proficiency'),
                valueCodeableConcept: conceptOf(`${planNet}LanguageProficiencyCS`, '30'),
              },
            ],
            ...conceptOf('urn:ietf:bcp:47', p === 0 ? 'en' : 'es'),
          },
        ],
      });
      practitioners.push(practitioner);
      roles.push(
        add<PractitionerRole>({
          resourceType: 'PractitionerRole',
          id: id(`role ${n} ${p}`),
          meta: meta(updated, 'planNet:plannet-PractitionerRole', 'core:us-core-practitionerrole'),
          extension: [
            {
              url: extensionUrl('planNet', 'network-reference'),
              valueReference: reference(networks[p % networks.length] as Organization),
            },
            acceptsNewPatients(p === 0 ? 'newpt' : 'existptonly', network),
            {
              url: extensionUrl('planNet', 'qualification'),
              extension: [
                {
                  url: 'identifier',
                  valueIdentifier: { system: 'https://plan.example/board', value: random.digits(6) },
                },
                {
                  url: 'code',
                  valueCodeableConcept: conceptOf('http://terminology.hl7.org/CodeSystem/v2-0360', 'MD'),
                },
                { url: 'issuer', valueReference: reference(hospital) },
                { url: 'status', valueCode: 'active' },
              ],
            },
          ],
          identifier: [
            { type: concept('v20203', 'XX'), system: 'https://plan.example/role', value: `ROLE-${n}-${p}` },
          ],
          active: true,
          period: { start: '2020-01-01' },
          practitioner: reference(practitioner, practitionerName(practitioner)),
          organization: reference(clinic, clinic.name),
          code: [conceptOf(`${planNet}ProviderRoleCS`, 'ph')],
          specialty: [concept('nucc', ...specialty)],
          location: [reference(location)],
          healthcareService: [reference(service)],
          telecom: telecomWithHours(),
          availableTime: [...daily(['09:00:00', '16:00:00']), { daysOfWeek: ['sat'], allDay: true }],
          notAvailable: [{ description: 'Vacation', during: { start: '2026-08-03', end: '2026-08-14' } }],
          availabilityExceptions: 'By appointment on public holidays',
          endpoint: [reference(payerEndpoint)],
        }),
      );
    }
  }
  const medications = conditions.map(({ medication }) =>
    add<Medication>({
      resourceType: 'Medication',
      id: id(`medication ${medication.rxnorm}`),
      meta: meta(updated, 'core:us-core-medication'),
      code: concept('rxnorm', medication.rxnorm, medication.display),
    }),
  );
  return {
    payer,
    hospital,
    clinics,
    pharmacy,
    dental,
    practitioners,
    dentist: practitionerWith(roles, practitioners, 'Dentist'),
    roles,
    locations,
    plan: plans[0] as InsurancePlan,
    network,
    medications,
    resources,
  };
}

function practitionerWith(
  roles: PractitionerRole[],
  practitioners: Practitioner[],
  specialty: string,
): Practitioner {
  const role = roles.find((candidate) => candidate.specialty?.[0]?.text === specialty);
  const found = practitioners.find(({ id }) => role?.practitioner?.reference === `Practitioner/${id}`);
  if (!found) throw new Error(`the directory has no ${specialty}`);
  return found;
}
