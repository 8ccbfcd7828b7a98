import type { Address, Endpoint, Extension, FhirResource, Organization } from 'fhir/r4.js';
import { planNet, updated, type Town } from './directory-data.js';
import { extensionUrl, meta, reference } from './meta.js';
import { Random, uuidOf } from './random.js';
import { concept, conceptOf, systems } from './systems.js';
import type { Environment } from './test-members.js';

/**
 * A National Provider Identifier with its check digit: Luhn's, over the number behind the prefix 80840 (45
 * CFR §162.406).
 */
export function npi(random: Random): string {
  const body = `1${random.digits(8)}`;
  let sum = 0;
  [...`80840${body}`].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return `${body}${(10 - (sum % 10)) % 10}`;
}

export const daily = (hours: [string, string]) => [
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

export const acceptsNewPatients = (code: string, network?: Organization): Extension => ({
  url: extensionUrl('planNet', 'newpatients'),
  extension: [
    {
      url: 'acceptingPatients',
      valueCodeableConcept: conceptOf(`${planNet}AcceptingPatientsCS`, code),
    },
    ...(network ? [{ url: 'fromNetwork', valueReference: reference(network) }] : []),
  ],
});

/** A work address with its geolocation, by which a search for what is near finds the resource. */
export const workAddress = (town: Town, line: string): Address => ({
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
  line: [line],
  city: town[0],
  state: town[1],
  postalCode: town[2],
  country: 'US',
});

export type DirectoryKit = ReturnType<typeof directoryKit>;

/**
 * How the resources of an environment's directory are made and collected. The order of the calls decides the
 * random values.
 */
export function directoryKit(environment: Environment) {
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
    town: Town,
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
          type: 'both',
          text: `${random.int(1, 990)} Main Street, ${town[0]}, ${town[1]} ${town[2]}`,
          ...workAddress(town, `${random.int(1, 990)} Main Street`),
        },
      ],
      contact: [{ telecom: [{ system: 'phone', value: phone(), use: 'work' }] }],
      ...more,
    });

  return { random, id, phone, resources, add, telecomWithHours, endpoint, organization };
}
