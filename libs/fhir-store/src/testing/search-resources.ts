const ofAnna = { reference: 'Patient/anna' };
const loinc = (code: string, display?: string) => ({
  coding: [{ system: 'http://loinc.org', code, ...(display ? { display } : {}) }],
});
const category = (code: string) => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }] },
];
const observation = (id: string, rest: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: category('vital-signs'),
  code: loinc('29463-7', 'Body weight'),
  subject: ofAnna,
  ...rest,
});
const kilograms = (value: number) => ({
  valueQuantity: { value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
});
const network = (id: string) => ({
  url: 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/network-reference',
  valueReference: { reference: `Organization/${id}` },
});

/** A member with observations, conditions and coverages, and a small directory. */
export const searchResources = [
  {
    resourceType: 'Patient',
    id: 'anna',
    meta: {
      lastUpdated: '2026-03-01T10:00:00Z',
      profile: ['http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Patient|2.0.0'],
    },
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MB' }] },
        system: 'https://plan.example/members',
        value: 'M-1',
      },
    ],
    name: [{ family: 'Ångström', given: ['Anna', 'Maria'] }],
    gender: 'female',
    birthDate: '1980-05-17',
    address: [{ city: 'Saint Paul', state: 'MN' }],
  },
  observation('w1', { effectiveDateTime: '2026-01-15', ...kilograms(70) }),
  observation('w2', { effectiveDateTime: '2026-02-15T08:30:00Z', ...kilograms(72.5) }),
  observation('w3', {
    status: 'amended',
    effectivePeriod: { start: '2026-03-01', end: '2026-03-10' },
    valueQuantity: { value: 160, unit: 'lb', system: 'http://unitsofmeasure.org', code: '[lb_av]' },
    encounter: { reference: 'Encounter/visit' },
  }),
  observation('smoking', {
    category: category('social-history'),
    code: loinc('72166-2', 'Tobacco smoking status'),
    effectivePeriod: { start: '2020' },
    valueCodeableConcept: {
      coding: [{ system: 'http://snomed.info/sct', code: '266919005' }],
      text: 'Never smoked',
    },
  }),
  observation('undated', { code: { text: 'Handwritten note' } }),
  {
    resourceType: 'Encounter',
    id: 'visit',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: ofAnna,
    period: { start: '2026-03-01T09:00:00Z', end: '2026-03-01T09:30:00Z' },
    participant: [{ individual: { reference: 'Practitioner/house' } }],
    serviceProvider: { reference: 'Organization/clinic' },
  },
  {
    resourceType: 'Condition',
    id: 'asthma',
    subject: ofAnna,
    code: { coding: [{ system: 'http://snomed.info/sct', code: '195967001' }], text: 'Asthma' },
    encounter: { reference: 'Encounter/visit' },
    recorder: { identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' } },
  },
  {
    resourceType: 'Coverage',
    id: 'cover',
    status: 'active',
    beneficiary: ofAnna,
    payor: [{ reference: 'Organization/clinic' }],
  },
  {
    resourceType: 'ExplanationOfBenefit',
    id: 'claim',
    status: 'active',
    use: 'claim',
    outcome: 'complete',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }] },
    patient: ofAnna,
    created: '2026-03-05',
    insurer: { reference: 'Organization/clinic' },
    provider: { reference: 'Practitioner/house' },
    insurance: [{ focal: true, coverage: { reference: 'Coverage/cover' } }],
    billablePeriod: { start: '2026-03-01', end: '2026-03-02' },
    item: [{ sequence: 1, servicedDate: '2026-03-01', productOrService: { text: 'visit' } }],
  },
  {
    resourceType: 'Practitioner',
    id: 'house',
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' }],
    name: [{ family: 'House', given: ['Gregory'] }],
  },
  { resourceType: 'Practitioner', id: 'grey', name: [{ family: 'Grey', given: ['Meredith'] }] },
  { resourceType: 'Organization', id: 'clinic', active: true, name: 'North Clinic' },
  {
    resourceType: 'Organization',
    id: 'net',
    active: true,
    name: 'Gold Network',
    type: [
      {
        coding: [
          { system: 'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/OrgTypeCS', code: 'ntwk' },
        ],
      },
    ],
    partOf: { reference: 'Organization/clinic' },
  },
  {
    resourceType: 'Location',
    id: 'downtown',
    status: 'active',
    name: 'Downtown',
    address: { city: 'Minneapolis', state: 'MN', postalCode: '55401' },
    position: { latitude: 44.98, longitude: -93.27 },
    managingOrganization: { reference: 'Organization/clinic' },
  },
  {
    resourceType: 'Location',
    id: 'duluth',
    status: 'active',
    name: 'Duluth',
    position: { latitude: 46.79, longitude: -92.1 },
    managingOrganization: { reference: 'Organization/clinic' },
  },
  {
    resourceType: 'PractitionerRole',
    id: 'house-role',
    extension: [network('net')],
    active: true,
    practitioner: { reference: 'Practitioner/house' },
    organization: { reference: 'Organization/clinic' },
    location: [{ reference: 'Location/downtown' }],
    specialty: [{ coding: [{ system: 'http://nucc.org/provider-taxonomy', code: '207R00000X' }] }],
  },
  {
    resourceType: 'PractitionerRole',
    id: 'grey-role',
    active: false,
    practitioner: { reference: 'Practitioner/grey' },
    organization: { reference: 'Organization/clinic' },
    specialty: [{ coding: [{ system: 'http://nucc.org/provider-taxonomy', code: '208600000X' }] }],
  },
  {
    resourceType: 'InsurancePlan',
    id: 'gold',
    status: 'active',
    name: 'Gold',
    ownedBy: { reference: 'Organization/clinic' },
    coverageArea: [{ reference: 'Location/downtown' }],
    network: [{ reference: 'Organization/net' }],
  },
  {
    resourceType: 'Endpoint',
    id: 'fhir-endpoint',
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'hl7-fhir-rest',
    },
    payloadType: [{ text: 'any' }],
    address: 'https://clinic.example/fhir',
    managingOrganization: { reference: 'Organization/clinic' },
  },
];
