import type { Location, Organization, Practitioner } from 'fhir/r4.js';
import type { ExportSnapshot } from '@payer/fhir-store/export';
import {
  hasNpi,
  hasPersonName,
  hasPhone,
  hasSpecialty,
  isArea,
  isProvider,
  isWholeAddress,
  type DirectoryResource,
} from './elements.js';
import { Facts, type Element } from './facts.js';

export const checkedTypes = ['Practitioner', 'Organization', 'Location'] as const;
export type CheckedType = (typeof checkedTypes)[number];

/** A resource that lacks an element. */
export interface Gap {
  /** `Type/id`. */
  resource: string;
  name: string | undefined;
  lacks: Element[];
}

export interface TypeResult {
  checked: number;
  complete: number;
  /** Number of resources that lack each element. */
  lacking: Partial<Record<Element, number>>;
}

export type QualityResult = Record<CheckedType, TypeResult>;

/**
 * Checks that every practitioner, organization and place of the directory has the data that the rules demand,
 * in the resource itself or in its roles, affiliations, services and places. Memory holds a number per
 * resource. An element that does not fit R4's structure counts as missing.
 * @param fhirBaseUrl references to it are local
 * @param onGap called for each resource with a gap, in the order of types and ids
 */
export async function checkDirectory(
  snapshot: ExportSnapshot,
  fhirBaseUrl: string,
  onGap: (gap: Gap) => void | Promise<void>,
): Promise<QualityResult> {
  const facts = new Facts();
  const of = (type: string) => resourcesOf(snapshot, type, fhirBaseUrl);
  for await (const location of of('Location')) fitting(() => facts.addLocation(location as Location));
  for await (const service of of('HealthcareService')) fitting(() => facts.addService(service as never));
  for await (const affiliation of of('OrganizationAffiliation'))
    fitting(() => facts.addAffiliation(affiliation as never));
  for await (const role of of('PractitionerRole')) fitting(() => facts.addRole(role as never));
  const result = {} as QualityResult;
  for (const type of checkedTypes) {
    const found: TypeResult = (result[type] = { checked: 0, complete: 0, lacking: {} });
    for await (const resource of of(type)) {
      found.checked += 1;
      const lacks =
        fitting(() => lackingIn(resource, facts)) ??
        lackingIn({ resourceType: type, id: resource.id! }, facts);
      const name = fitting(() => nameOf(resource));
      if (lacks.length === 0) found.complete += 1;
      else await onGap({ resource: `${type}/${resource.id}`, name, lacks });
      for (const element of lacks) found.lacking[element] = (found.lacking[element] ?? 0) + 1;
    }
  }
  return result;
}

/** A load with `--structure count` stores resources that do not fit, such as a text in place of a list. */
function fitting<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

async function* resourcesOf(
  snapshot: ExportSnapshot,
  type: string,
  fhirBaseUrl: string,
): AsyncGenerator<DirectoryResource> {
  const own = [`"${fhirBaseUrl}/`, `"${fhirBaseUrl}/`.replaceAll('/', '\\/')];
  for await (const part of snapshot.parts(type))
    for await (const { json } of snapshot.resources(part)) {
      const text = own.reduce((found, base) => found.replaceAll(base, '"'), String(json));
      yield JSON.parse(text) as DirectoryResource;
    }
}

/** The elements that a resource lacks. @throws Error for a type without requirements */
function lackingIn(resource: DirectoryResource, facts: Facts): Element[] {
  switch (resource.resourceType) {
    case 'Practitioner':
      return missing(practitionerHas(resource, facts), practitionerNeeds);
    case 'Organization':
      return missing(
        organizationHas(resource, facts),
        isProvider(resource) ? providerNeeds : ['name', 'phone'],
      );
    case 'Location':
      return missing(locationHas(resource, facts), isArea(resource) ? ['name'] : locationNeeds);
    default:
      throw new Error(`${resource.resourceType} has no requirements`);
  }
}

const practitionerNeeds: Element[] = [
  'name',
  'NPI',
  'address',
  'phone',
  'specialty',
  'network',
  'new patients',
];
const providerNeeds: Element[] = ['name', 'NPI', 'address', 'phone', 'specialty', 'network'];
const locationNeeds: Element[] = ['name', 'address', 'phone', 'specialty', 'new patients'];

const missing = (has: ReadonlySet<Element>, needs: readonly Element[]): Element[] =>
  needs.filter((element) => !has.has(element));

function withOwn(stated: Set<Element>, own: Partial<Record<Element, boolean>>): Set<Element> {
  for (const [element, has] of Object.entries(own)) if (has) stated.add(element as Element);
  return stated;
}

const practitionerHas = (practitioner: Practitioner, facts: Facts) =>
  withOwn(facts.about('Practitioner', practitioner.id!), {
    name: hasPersonName(practitioner),
    NPI: hasNpi(practitioner.identifier),
    address: practitioner.address?.some(isWholeAddress),
    phone: hasPhone(practitioner.telecom),
  });

const organizationHas = (
  { id, name, identifier, address, telecom, contact = [] }: Organization,
  facts: Facts,
) =>
  withOwn(facts.about('Organization', id!), {
    name: name !== undefined && name.trim() !== '',
    NPI: hasNpi(identifier),
    address: address?.some(isWholeAddress),
    phone: hasPhone(telecom) || contact.some((one) => hasPhone(one.telecom)),
  });

const locationHas = ({ id, name, type }: Location, facts: Facts) =>
  withOwn(facts.about('Location', id!), {
    name: name !== undefined && name.trim() !== '',
    // A pharmacy or a laboratory says by its type what it offers.
    specialty: hasSpecialty(type),
  });

function nameOf(resource: DirectoryResource): string | undefined {
  if (!('name' in resource) || resource.name === undefined) return undefined;
  if (typeof resource.name === 'string') return resource.name;
  const [name] = resource.name;
  return name?.text ?? [...(name?.given ?? []), name?.family].filter(Boolean).join(' ');
}
