import type { Organization, Practitioner, PractitionerRole } from 'fhir/r4.js';
import { familyNames, givenNames, planNet, specialties, updated } from './directory-data.js';
import { acceptsNewPatients, daily, npi, workAddress, type DirectoryKit } from './directory-kit.js';
import type { Practice, Surroundings } from './directory-practices.js';
import { extensionUrl, meta, reference } from './meta.js';
import { concept, conceptOf, systems } from './systems.js';

export const practitionerName = (practitioner: Practitioner) => practitioner.name?.[0]?.text ?? '';

/** Adds the p-th practitioner of the n-th practice, and the role that ties them. */
export function addPractitioner(
  { random, id, add, telecomWithHours }: DirectoryKit,
  { hospital, networks, network, payerEndpoint }: Surroundings,
  { town, clinic, location, service }: Practice,
  n: number,
  p: number,
): { practitioner: Practitioner; role: PractitionerRole } {
  const [first, last] = [random.pick(givenNames), random.pick(familyNames)];
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
    address: [workAddress(town, '10 Lake Avenue')],
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
  const role = add<PractitionerRole>({
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
  });
  return { practitioner, role };
}
