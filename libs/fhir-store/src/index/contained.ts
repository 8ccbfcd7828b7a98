import { isServedType } from '../definitions/definitions.js';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A contained resource, which has no identity without its container (FHIR R4 References, Contained
 * Resources).
 */
interface Contained {
  id: string;
  type: string;
  resource: Json;
}

/** The contained resources of served types. A chain can lead to no other type. */
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

/**
 * The address of a contained resource is {@link containerAddress}, id of the container, {@link
 * withinContainer}, own id.
 */
export const containerAddress = (type: string) => `#${type}/`;
export const withinContainer = (type: string) => `/${type}/`;

/**
 * A copy of the resource, in which references to contained resources are addresses: `#med1` becomes
 * `#MedicationRequest/5/Medication/med1`, unlike any reference to a stored resource. The reference `#` of a
 * contained resource becomes the container's `Type/id`.
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
