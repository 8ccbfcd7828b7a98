import { hash } from 'node:crypto';
import {
  binaryType,
  isCompartmentType,
  isReferencedType,
  isServedType,
  typeDefinition,
} from '../definitions/definitions.js';
import { dateRange } from '../parameters/date-range.js';
import { compartmentOf } from '../index/compartment.js';
import { indexKey } from '../index/keys.js';
import type { IndexValues } from '../index/row.js';
import { indexValues, type KnownOfResource } from '../parameters/index-values.js';
import { labelReferences } from './label-references.js';
import { memberOfPublic } from './public-only.js';
import { refusal, type Refusal } from './refusal.js';
import { storedText, type StoredText } from './stored-text.js';

type Json = Record<string, unknown>;

/** A checked resource with its index values. */
export interface Prepared {
  type: string;
  id: string;
  text: StoredText;
  /** `meta.lastUpdated` of the given resource (ISO 8601); undefined when it has none. */
  lastUpdated: string | undefined;
  /** The hash of everything but the version. */
  sha256: string;
  values: IndexValues;
  /**
   * Owners: none for a shared resource; undefined when the owners are those of the resources it references.
   */
  patients: string[] | undefined;
  /** The resources whose labels the resource shares, as `Type/id` each. */
  labelReferences: readonly string[];
  /** The stored resources that may have the missing names of a claim's providers; none when absent. */
  unnamed?: readonly string[];
}

/** A part of every hash. With another number, every resource would look changed to the next load. */
const hashedBefore = 2;

export const validId = /^[A-Za-z0-9\-.]{1,64}$/;

/** The reason why a type cannot be stored; undefined when it can. */
export function refusedType(type: unknown): Refusal | undefined {
  if (typeof type !== 'string') return refusal('not-a-resource', 'has no resourceType');
  return isServedType(type) || type === binaryType
    ? undefined
    : refusal('type-not-served', `${type} is not a resource type of this server`);
}

const instant = /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** A time zone may take an instant of the years 1 and 9999 out of the range of PostgreSQL. */
const [earliest, latest] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** An instant by FHIR R4 §2.24.0.1; leap seconds are refused. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== 'string' || !instant.test(value) || !dateRange(value)) return false;
  const time = Date.parse(value);
  return time >= earliest && time <= latest;
}

/**
 * Checks a resource and extracts its index values.
 * @param given valid JSON
 * @param known what a walk over the resource has found; without it, the resource is walked here
 * @returns the reason when it cannot be stored
 */
export function prepare(
  given: string,
  resource: Json,
  baseUrl: string,
  known?: KnownOfResource,
): Prepared | Refusal {
  const { resourceType, id } = resource;
  const refused = refusedType(resourceType);
  if (refused) return refused;
  const type = resourceType as string;
  if (typeof id !== 'string' || !validId.test(id))
    return refusal('invalid-id', `${type} has no valid id (1 to 64 letters, digits, - and .)`);
  const meta = resource.meta as Json | undefined;
  if (meta !== undefined && (typeof meta !== 'object' || meta === null || Array.isArray(meta)))
    return refusal('structure', `${type}/${id}: meta is not an object`);
  const lastUpdated = meta?.lastUpdated;
  if (lastUpdated !== undefined && !isInstant(lastUpdated))
    return refusal('structure', `${type}/${id}: meta.lastUpdated is not an instant`);
  const memberType = memberOfPublic(resource);
  if (memberType !== undefined)
    return refusal(
      'member-in-public',
      `${type}/${id} leads to a ${memberType}: ${type} is public data here, and no part of a member's record`,
    );
  let values: IndexValues;
  try {
    values = indexValues(resource, baseUrl, known);
  } catch (error) {
    return tooDeep(`${type}/${id}`, error);
  }
  const text = storedText(given);
  if (text.members !== values.members)
    return refusal('member-twice', `${type}/${id}: a member is there twice in one object (FHIR R4 §2.6.2)`);
  const patients = isCompartmentType(type) ? compartmentOf(resource, values) : [];
  const isDerived = isCompartmentType(type) && patients.length === 0;
  if (isDerived && ownerReferences(type, values).length === 0)
    return refusal(
      'no-member',
      `${type}/${id} belongs to no member: it refers to no Patient, nor to anything that does`,
    );
  return {
    type,
    id,
    text,
    lastUpdated,
    sha256: hash('sha256', `${hashedBefore} ${text.head}${String(lastUpdated)}${text.tail}`, 'base64url'),
    values,
    patients: isDerived ? undefined : patients,
    labelReferences: labelReferences(resource, baseUrl),
  };
}

/** The refusal of a resource that cannot be walked or indexed. */
export function tooDeep(name: string, error: unknown): Refusal {
  const reason =
    error instanceof RangeError ? 'its elements are nested too deeply' : (error as Error).message;
  return refusal('not-indexable', `${name} cannot be indexed: ${reason}`);
}

/** Whether a reference leads to a shared resource that patients may read. */
export const isMemberReference = (reference: string): boolean => isReferencedType(typeOf(reference));

/** The shared resources that a patient's resource references. */
export const pointedAt = (values: IndexValues): string[] => values.references.filter(isMemberReference);

/** The parameter for the subject of a resource, of a type whose other references name who made it. */
const subjectParameters: Record<string, string> = { Provenance: 'target' };

/** The compartment's resources that a resource references: its owners are theirs when it names no patient. */
export function ownerReferences(type: string, { references, tokens }: IndexValues): string[] {
  const parameter = subjectParameters[type];
  const number = parameter === undefined ? undefined : typeDefinition(type).parameters[parameter]!.number;
  return references.filter(
    (reference) =>
      isCompartmentType(typeOf(reference)) &&
      (number === undefined || tokens.includes(indexKey.reference(number, reference))),
  );
}

const typeOf = (reference: string) => reference.slice(0, reference.indexOf('/'));
