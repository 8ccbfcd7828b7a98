import type { Organization, OrganizationAffiliation } from 'fhir/r4.js';
import { planNet, updated } from './directory-data.js';
import type { DirectoryKit } from './directory-kit.js';
import { meta, reference } from './meta.js';
import { concept, conceptOf } from './systems.js';

/** A facility with its role in the network, and its NUCC specialty. */
export interface Facility {
  organization: Organization;
  role: string;
  specialty: readonly [code: string, display: string];
}

/** Says for each facility which networks it belongs to, and its specialty. It takes no random value. */
export function addFacilityAffiliations(
  { add, id }: DirectoryKit,
  payer: Organization,
  networks: readonly Organization[],
  facilities: readonly Facility[],
): void {
  for (const { organization, role, specialty } of facilities)
    add<OrganizationAffiliation>({
      resourceType: 'OrganizationAffiliation',
      id: id(`affiliation of ${organization.id}`),
      meta: meta(updated, 'planNet:plannet-OrganizationAffiliation'),
      active: true,
      period: { start: '2024-01-01' },
      organization: reference(payer),
      participatingOrganization: reference(organization, organization.name),
      network: networks.map((network) => reference(network)),
      code: [conceptOf(`${planNet}OrganizationAffiliationRoleCS`, role)],
      specialty: [concept('nucc', ...specialty)],
      telecom: organization.telecom?.slice(0, 1),
    });
}
