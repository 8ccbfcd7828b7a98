const ofAnna = { reference: 'Patient/anna' };

export const observation = (id: string, rest: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
  subject: ofAnna,
  ...rest,
});
const weight = (
  id: string,
  value: number,
  unit: object = { unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
) => observation(id, { valueQuantity: { value, ...unit } });
const effective = (id: string, when: object) => observation(id, { category: [{ text: 'dated' }], ...when });
const place = (id: string, latitude: number, longitude: number) => ({
  resourceType: 'Location',
  id,
  name: id,
  position: { latitude, longitude },
});

/** Resources with values that are written unusually. */
export const unusualResources = [
  {
    resourceType: 'Patient',
    id: 'anna',
    meta: {
      profile: ['https://example.org/profile|1.0'],
      tag: [{ system: 'https://example.org/tags', code: 'VIP' }],
      security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
      source: 'https://example.org/source',
    },
    identifier: [
      { system: 'https://plan.example/ids', value: 'A,1|2$3\\4' },
      {
        type: { coding: [{ system: 'http://t', code: 'MB' }], text: 'Member number' },
        system: 'https://plan.example/ids',
        value: 'Mixed-Case',
      },
      { value: 'bare' },
    ],
    active: true,
    gender: 'female',
    name: [{ family: "O'Brien Carreño-Quiñones", given: ['Anna'], suffix: ['Jr.'] }],
    telecom: [{ system: 'phone', value: '555-0100' }],
    birthDate: '0099-05-17',
  },
  {
    resourceType: 'Condition',
    id: 'referred',
    subject: ofAnna,
    asserter: { identifier: { system: 'https://npi|x', value: '12|34' }, display: 'Somebody' },
    evidence: [{ detail: [{ reference: 'https://elsewhere.example/fhir/Observation/anna' }] }],
    clinicalStatus: { coding: [{ code: 'active' }] },
  },
  {
    resourceType: 'Condition',
    id: 'inverted-range',
    subject: { reference: 'Patient/bert' },
    onsetRange: { low: { value: 50, unit: 'a' }, high: { value: 40, unit: 'a' } },
  },
  {
    resourceType: 'QuestionnaireResponse',
    id: 'answered',
    status: 'completed',
    subject: ofAnna,
    questionnaire: 'https://example.org/Questionnaire/q|2.1',
  },
  {
    resourceType: 'Encounter',
    id: 'visit',
    status: 'finished',
    class: { code: 'AMB' },
    subject: ofAnna,
    episodeOfCare: [{ reference: 'EpisodeOfCare/long' }],
  },
  weight('n-5.35', 5.35),
  weight('n-5.4', 5.4),
  weight('n-5.45', 5.45),
  weight('n-95', 95, { unit: 'pounds', system: 'http://unitsofmeasure.org', code: '[lb_av]' }),
  weight('n-104.9', 104.9, { unit: 'stones' }),
  weight('n-105', 105, {}),
  weight('n-minus', -2.5),
  weight('n-digits', 12345678901234567890.123, { unit: 'digits' }),
  observation('below', { valueQuantity: { value: 4, comparator: '<', unit: 'ng' } }),
  observation('at-most', { valueQuantity: { value: 4, comparator: '<=', unit: 'ng' } }),
  observation('above', { valueQuantity: { value: 4, comparator: '>', unit: 'ng' } }),
  observation('at-least', { valueQuantity: { value: 4, comparator: '>=', unit: 'ng' } }),
  observation('just', { valueQuantity: { value: 4, unit: 'ng' } }),
  effective('day', { effectiveDateTime: '2026-05-10' }),
  effective('instant', { effectiveInstant: '2026-05-10T23:30:00.250-05:00' }),
  effective('minute', { effectiveDateTime: '2026-05-11T10:15:00Z' }),
  effective('until', { effectivePeriod: { end: '2026-05-01' } }),
  effective('since', { effectivePeriod: { start: '2026-05-20' } }),
  effective('inverted', { effectivePeriod: { start: '2026-08-01', end: '2026-07-01' } }),
  observation('inverted-value', { valuePeriod: { start: '2026-08-01', end: '2026-07-01' } }),
  observation('leap-second', { effectiveDateTime: '2016-12-31T23:59:60Z' }),
  effective('timing', { effectiveTiming: { event: ['2026-06-01', '2026-06-03'] } }),
  observation('parts', {
    code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
    component: [
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
        valueQuantity: { value: 120, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
      },
      {
        code: { coding: [{ system: 'http://loinc.org', code: '8462-4' }] },
        valueQuantity: { value: 80, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
      },
    ],
  }),
  // Contained: a practitioner of an organization that is contained, too, and one of a stored organization; a
  // patient who is not the subject.
  observation('measured', {
    contained: [
      {
        resourceType: 'Practitioner',
        id: 'p',
        name: [{ family: 'Okafor', given: ['Ngozi Ada'] }],
        birthDate: '1970-02',
        active: true,
      },
      {
        resourceType: 'PractitionerRole',
        id: 'r',
        practitioner: { reference: '#p' },
        organization: { reference: '#o' },
        location: [{ reference: '#l' }],
      },
      { resourceType: 'Organization', id: 'o', name: 'Inner', partOf: { reference: 'Organization/outer' } },
      { resourceType: 'Location', id: 'l', position: { latitude: 10, longitude: 20 } },
      { resourceType: 'Patient', id: 'anna', gender: 'other' },
      { resourceType: 'Observation', id: 'n-95', status: 'final', hasMember: [{ reference: '#' }] },
      { resourceType: 'Substance', id: 's' },
      { resourceType: 'Organization', name: 'without an id' },
      'none',
    ],
    performer: [{ reference: '#p' }, { reference: '#r' }],
    focus: [{ reference: '#anna' }],
    derivedFrom: [{ reference: '#n-95' }],
    basedOn: [{ reference: '#nothing' }],
    specimen: { reference: '#s' },
    valueQuantity: { value: 1, unit: 'furlong' },
  }),
  observation('other-measured', {
    contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'Other' }] }],
    performer: [{ reference: '#p' }],
  }),
  { resourceType: 'Organization', id: 'outer', name: 'Outer', active: true },
  { resourceType: 'Organization', id: 'unseen', name: 'Unseen' },
  {
    resourceType: 'PractitionerRole',
    id: 'role',
    contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'Okafor' }] }],
    practitioner: { reference: '#p' },
  },
  {
    resourceType: 'PractitionerRole',
    id: 'other-role',
    contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ family: 'Other' }] }],
    practitioner: { reference: '#p' },
    organization: { reference: 'Organization/outer' },
  },
  place('fiji-east', -17, -179.9),
  place('fiji-west', -17, 179.9),
  place('pole-0', 89.9, 0),
  place('pole-180', 89.9, 180),
  place('equator', 0, 0),
  { resourceType: 'Location', id: 'nowhere', name: '---' },
];
