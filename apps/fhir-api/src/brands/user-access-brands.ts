import type { Bundle, Endpoint, Extension, Identifier, Organization } from 'fhir/r4.js';
import type { EnvironmentAddresses } from '@payer/smart';
import type { Brand } from './brand.js';

const profile = (name: string) => `http://hl7.org/fhir/smart-app-launch/StructureDefinition/${name}`;
const extension = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`;

/** Path of the Bundle below the FHIR base. */
export const brandsPath = '/.well-known/user-access-brands.json';

/** The base of an environment with the texts of the plan. */
export interface BrandSource {
  addresses: EnvironmentAddresses;
  planName: string;
  brand: Brand;
  /** URL of the developer portal. */
  portalUrl: string;
  /** The time of the last change, unless the brand says it. */
  date: Date;
}

/**
 * The identifier of the brand: the website without `www.` and without a path, as SMART recommends, so that
 * apps recognize the plan in the Bundles of several publishers.
 */
export function brandIdentifier({ addresses, brand }: BrandSource): Identifier & { value: string } {
  const { protocol, host } = new URL(websiteOf(addresses, brand));
  return { system: 'urn:ietf:rfc:3986', value: `${protocol}//${host.replace(/^www\./, '')}` };
}

/**
 * The Bundle of brands and endpoints (SMART App Launch 2.2, User-access Brands): the plan, and the endpoint
 * of this environment. The two resources are also the plan's own entries for a directory of endpoints.
 */
export function userAccessBrands(source: BrandSource): Bundle {
  const { addresses, brand, date } = source;
  const entries = [organizationOf(source), endpointOf(source)];
  const lastUpdated = brand.updated ?? date.toISOString();
  return {
    resourceType: 'Bundle',
    id: `brands-${addresses.environment}`,
    meta: { lastUpdated, profile: [profile('user-access-brands-bundle')] },
    type: 'collection',
    timestamp: lastUpdated,
    entry: entries.map((resource) => ({
      fullUrl: `${addresses.fhirBaseUrl}/${resource.resourceType}/${resource.id}`,
      resource,
    })),
  };
}

const organizationId = 'plan';
const endpointId = ({ environment }: EnvironmentAddresses) => `plan-${environment}`;

function organizationOf(source: BrandSource): Organization {
  const { addresses, planName, brand } = source;
  const endpoint = { reference: `Endpoint/${endpointId(addresses)}` };
  return {
    resourceType: 'Organization',
    id: organizationId,
    meta: { profile: [profile('user-access-brand')] },
    extension: [...brandExtension(source), portalExtension(source)],
    identifier: [brandIdentifier(source), ...brand.identifiers],
    active: true,
    type: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/organization-type',
            code: 'ins',
            display: 'Insurance Company',
          },
        ],
      },
      {
        coding: [
          {
            system: 'http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/OrgTypeCS',
            code: 'payer',
            display: 'Payer',
          },
        ],
      },
    ],
    name: planName,
    ...(brand.aliases.length > 0 ? { alias: brand.aliases } : {}),
    // SMART allows the website alone; a telephone number is that of a contact.
    telecom: [{ system: 'url', value: websiteOf(addresses, brand) }],
    ...(brand.phone ? { contact: [{ telecom: [{ system: 'phone' as const, value: brand.phone }] }] } : {}),
    ...(brand.addresses.length > 0 ? { address: brand.addresses } : {}),
    // For clients that do not read the extension of the portal.
    endpoint: [endpoint],
  };
}

function brandExtension({ addresses, brand }: BrandSource): Extension[] {
  const parts: Extension[] = [
    ...(brand.logo ? [{ url: 'brandLogo', valueUrl: brand.logo }] : []),
    ...(brand.logoLicense ? [{ url: 'brandLogoLicense', valueUrl: brand.logoLicense }] : []),
    { url: 'brandBundle', valueUrl: `${addresses.fhirBaseUrl}${brandsPath}` },
  ];
  return [{ url: extension('organization-brand'), extension: parts }];
}

function portalExtension({ addresses, planName, brand }: BrandSource): Extension {
  const { name = planName, url = addresses.managementUrl, description, logo } = brand.portal;
  return {
    url: extension('organization-portal'),
    extension: [
      { url: 'portalName', valueString: name },
      ...(description ? [{ url: 'portalDescription', valueMarkdown: description }] : []),
      { url: 'portalUrl', valueUrl: url },
      ...(logo ? [{ url: 'portalLogo', valueUrl: logo }] : []),
      { url: 'portalEndpoint', valueReference: { reference: `Endpoint/${endpointId(addresses)}` } },
    ],
  };
}

const endpointOf = ({ addresses, planName, portalUrl }: BrandSource): Endpoint => ({
  resourceType: 'Endpoint',
  id: endpointId(addresses),
  meta: { profile: [profile('user-access-endpoint')] },
  extension: [{ url: extension('endpoint-fhir-version'), valueCode: '4.0.1' }],
  status: 'active',
  connectionType: {
    system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
    code: 'hl7-fhir-rest',
  },
  name: `${planName}: FHIR R4, ${addresses.environment}`,
  managingOrganization: { reference: `Organization/${organizationId}` },
  contact: [{ system: 'url', value: portalUrl }],
  // R4 requires a type; SMART names this placeholder.
  payloadType: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/endpoint-payload-type', code: 'none' }] },
  ],
  payloadMimeType: ['application/fhir+json'],
  address: addresses.fhirBaseUrl,
});

const websiteOf = ({ managementUrl }: EnvironmentAddresses, { website }: Brand): string =>
  website ?? managementUrl;
