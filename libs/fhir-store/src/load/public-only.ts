import { definitions, isCompartmentType } from '../definitions/definitions.js';

const publicOnly: ReadonlySet<string> = new Set(definitions.publicOnly);

/** The type that a reference leads to, from its text: relative, absolute or conditional. */
const typeOfReference = (reference: string): string | undefined =>
  /(?:^|\/)([A-Z][A-Za-z]+)(?:\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?|\?.*)$/.exec(reference)?.[1];

/**
 * Finds how a resource leads to a member, when R4 counts its type to the Patient compartment and this server
 * serves the type as public data (Basic: items of a drug formulary). Such a resource must not be stored, for
 * everybody could read it.
 * @returns the type of the Patient compartment to which it leads; undefined when it leads to none
 */
export function memberOfPublic(resource: Record<string, unknown>): string | undefined {
  if (!publicOnly.has(String(resource.resourceType))) return undefined;
  const { resourceType: _type, ...elements } = resource;
  return memberTypeIn(elements);
}

function memberTypeIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, item] of Object.entries(value)) {
    const type =
      typeof item !== 'string'
        ? memberTypeIn(item)
        : name === 'reference'
          ? typeOfReference(item)
          : // `Reference.type` beside an identifier, and contained resources.
            name === 'type' || name === 'resourceType'
            ? item
            : undefined;
    if (type !== undefined && isCompartmentType(type)) return type;
  }
  return undefined;
}
