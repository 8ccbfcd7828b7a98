import { isServedType } from '../definitions/definitions.js';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A resource within another, which has no identity but in it (FHIR R4 References, Contained Resources). */
interface Contained {
  id: string;
  type: string;
  resource: Json;
}

/** Those whose types we serve: nothing else can be asked of in a chain. */
export function containedResources({ contained }: Json): Contained[] {
  if (!Array.isArray(contained)) return [];
  return contained.flatMap((resource: unknown) => {
    if (!isObject(resource)) return [];
    const { id, resourceType: type } = resource;
    return typeof id === 'string' && typeof type === 'string' && isServedType(type)
      ? [{ id, type, resource }]
      : [];
  });
}

/** How references to a contained resource begin, of any resource with this type and id; what follows is {@link withinContainer}. */
export const containerAddress = (type: string) => `#${type}/`;
export const withinContainer = (type: string) => `/${type}/`;

/**
 * A copy of the resource, in which references to what it contains tell where that is, and of which type: `#med1` becomes
 * `#MedicationRequest/5/Medication/med1`, like no reference to a stored resource. A contained resource's `#` becomes its container's `Type/id`.
 */
export function withAddresses(resource: Json, contained: readonly Contained[]): Json {
  const [type, id] = [String(resource.resourceType), String(resource.id)];
  const addresses = new Map(
    contained.map((one) => [
      `#${one.id}`,
      `${containerAddress(type)}${id}${withinContainer(one.type)}${one.id}`,
    ]),
  );
  addresses.set('#', `${type}/${id}`);
  const addressed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(addressed);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        key === 'reference' && typeof item === 'string' ? (addresses.get(item) ?? item) : addressed(item),
      ]),
    );
  };
  return addressed(resource) as Json;
}
