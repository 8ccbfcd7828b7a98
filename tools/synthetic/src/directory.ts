import type {
  FhirResource,
  InsurancePlan,
  Location,
  Medication,
  Organization,
  Practitioner,
  PractitionerRole,
} from 'fhir/r4.js';
import { conditions } from './clinical-codes.js';
import { planNet, townsOf, updated, type Town } from './directory-data.js';
import { addFacilityAffiliations } from './directory-facilities.js';
import { directoryKit } from './directory-kit.js';
import { addPractice } from './directory-practices.js';
import { addPractitioner } from './directory-practitioners.js';
import { addFormularies } from './formulary.js';
import { extensionUrl, meta, reference } from './meta.js';
import { concept, conceptOf } from './systems.js';
import type { Environment } from './test-members.js';

export { practitionerName } from './directory-practitioners.js';

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
  /** Another health plan, which pays first for some members. */
  otherPayer: Organization;
  medications: Medication[];
  resources: FhirResource[];
}

/** The provider directory of an environment; `size` practices. Deterministic. */
export function makeDirectory(environment: Environment, size: number): Directory {
  const kit = directoryKit(environment);
  const { random, id, phone, resources, add, endpoint, organization } = kit;
  const area = townsOf(environment);
  const home = area[0] as Town;
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
    meta: meta(updated, 'planNet:plannet-Location', 'formulary:usdf-InsurancePlanLocation'),
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
  const surroundings = { area, hospital, networks, network, region, payerEndpoint };
  for (let n = 0; n < size; n++) {
    const practice = addPractice(kit, surroundings, n);
    clinics.push(practice.clinic);
    locations.push(practice.location);
    for (let p = 0; p < 2; p++) {
      const { practitioner, role } = addPractitioner(kit, surroundings, practice, n, p);
      practitioners.push(practitioner);
      roles.push(role);
    }
  }
  addFacilityAffiliations(kit, payer, networks, [
    {
      organization: hospital,
      role: 'hospital',
      specialty: ['282N00000X', 'General Acute Care Hospital'],
    },
    {
      organization: pharmacy,
      role: 'pharmacy',
      specialty: ['3336C0003X', 'Community/Retail Pharmacy'],
    },
    {
      organization: dental,
      role: 'outpatient',
      specialty: ['261QD0000X', 'Dental Clinic/Center'],
    },
  ]);
  const medications = conditions.map(({ medication }) =>
    add<Medication>({
      resourceType: 'Medication',
      id: id(`medication ${medication.rxnorm}`),
      meta: meta(updated, 'core:us-core-medication'),
      code: concept('rxnorm', medication.rxnorm, medication.display),
    }),
  );
  const otherPayer = organization('other payer', 'Heritage Mutual Insurance', 'payer', home);
  addFormularies(kit, region);
  return {
    payer,
    otherPayer,
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
