import type {
  HealthcareService,
  Location,
  Organization,
  OrganizationAffiliation,
  Endpoint,
} from 'fhir/r4.js';
import { planNet, specialties, updated, type Town } from './directory-data.js';
import { acceptsNewPatients, daily, type DirectoryKit } from './directory-kit.js';
import { extensionUrl, meta, reference } from './meta.js';
import { concept, conceptOf } from './systems.js';

/** The organizations and places that every practice refers to. */
export interface Surroundings {
  area: readonly Town[];
  hospital: Organization;
  networks: readonly Organization[];
  network: Organization;
  region: Location;
  payerEndpoint: Endpoint;
}

/** A clinic with its building, its service and its affiliation with the hospital. */
export interface Practice {
  town: Town;
  clinic: Organization;
  location: Location;
  service: HealthcareService;
}

/** Adds the n-th practice of a directory. */
export function addPractice(
  { random, id, phone, add, telecomWithHours, organization }: DirectoryKit,
  { area, hospital, networks, network, region, payerEndpoint }: Surroundings,
  n: number,
): Practice {
  const town = area[n % area.length] as Town;
  const clinic = organization(
    `clinic ${n}`,
    `${town[0]} Clinic ${Math.floor(n / area.length) + 1}`,
    'prvgrp',
    town,
    {
      partOf: reference(hospital),
    },
  );
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
  return { town, clinic, location, service };
}
