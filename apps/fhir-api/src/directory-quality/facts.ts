import type {
  HealthcareService,
  Location,
  OrganizationAffiliation,
  PractitionerRole,
  Reference,
} from 'fhir/r4.js';
import { hasNetwork, hasPhone, hasSpecialty, idOf, isWholeAddress, saysNewPatients } from './elements.js';

/** The elements that other resources may state for a practitioner, an organization or a place. */
const statedElsewhere = ['address', 'phone', 'specialty', 'network', 'new patients'] as const;
export type Element = 'name' | 'NPI' | (typeof statedElsewhere)[number];

/** A set of elements in one number. A large directory has millions of them. */
const bitOf = Object.fromEntries(statedElsewhere.map((element, place) => [element, 1 << place])) as Record<
  (typeof statedElsewhere)[number],
  number
>;

type Stated = Partial<Record<(typeof statedElsewhere)[number], boolean>>;

const bitsOf = (stated: Stated): number =>
  statedElsewhere.reduce((bits, element) => bits | (stated[element] ? bitOf[element] : 0), 0);

const placeBits = bitOf.address | bitOf.phone;

/**
 * The facts about practitioners, organizations and places in roles, affiliations, services and places.
 * Plan-Net keeps the specialty of a practitioner in the role, and the address in the location of the role.
 * One number per resource stays in memory.
 */
export class Facts {
  private readonly practitioners = new Map<string, number>();
  private readonly organizations = new Map<string, number>();
  private readonly locations = new Map<string, number>();

  /** Locations come first, because the other resources use their facts. */
  addLocation(location: Location): void {
    const { id, address, telecom } = location;
    add(
      this.locations,
      id,
      bitsOf({
        address: isWholeAddress(address),
        phone: hasPhone(telecom),
        'new patients': saysNewPatients(location),
      }),
    );
  }

  addService(service: HealthcareService): void {
    if (service.active === false) return;
    const { specialty, telecom, location = [], providedBy } = service;
    const bits = bitsOf({
      specialty: hasSpecialty(specialty),
      phone: hasPhone(telecom),
      'new patients': saysNewPatients(service),
    });
    this.addToPlaces(location, bits);
    add(this.organizations, idOf(providedBy, 'Organization'), bits);
  }

  addAffiliation(affiliation: OrganizationAffiliation): void {
    if (affiliation.active === false) return;
    const { specialty, telecom, location = [], network = [], participatingOrganization } = affiliation;
    const bits = bitsOf({
      specialty: hasSpecialty(specialty),
      network: network.length > 0,
      phone: hasPhone(telecom),
    });
    const places = this.ofPlaces(location);
    this.addToPlaces(location, bits);
    add(this.organizations, idOf(participatingOrganization, 'Organization'), bits | places);
  }

  addRole(role: PractitionerRole): void {
    if (role.active === false) return;
    const { specialty, telecom, location = [], practitioner, organization } = role;
    const bits = bitsOf({
      specialty: hasSpecialty(specialty),
      network: hasNetwork(role),
      phone: hasPhone(telecom),
      'new patients': saysNewPatients(role),
    });
    const places = this.ofPlaces(location);
    this.addToPlaces(location, bits);
    add(this.practitioners, idOf(practitioner, 'Practitioner'), bits | places);
    add(this.organizations, idOf(organization, 'Organization'), bits & ~placeBits);
  }

  /** The elements that are stated about a resource. */
  about(type: 'Practitioner' | 'Organization' | 'Location', id: string): Set<Element> {
    const facts = {
      Practitioner: this.practitioners,
      Organization: this.organizations,
      Location: this.locations,
    };
    const bits = facts[type].get(id) ?? 0;
    return new Set(statedElsewhere.filter((element) => bits & bitOf[element]));
  }

  /** Address, phone and new patients of the places together. */
  private ofPlaces(places: readonly Reference[]): number {
    const bits = places.reduce(
      (all, place) => all | (this.locations.get(idOf(place, 'Location') ?? '') ?? 0),
      0,
    );
    return bits & (placeBits | bitOf['new patients']);
  }

  private addToPlaces(places: readonly Reference[], bits: number): void {
    for (const place of places) add(this.locations, idOf(place, 'Location'), bits);
  }
}

function add(facts: Map<string, number>, id: string | undefined, bits: number): void {
  if (id !== undefined) facts.set(id, (facts.get(id) ?? 0) | bits);
}
