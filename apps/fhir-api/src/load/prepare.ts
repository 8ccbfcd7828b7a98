import { createHash } from 'node:crypto';
import { memberReferencedTypes, patientCompartmentTypes } from '@payer/smart';
import { isServedType } from '../definitions/definitions.js';
import { compartmentOf, indexValues, indexVersion, type IndexValues } from '../store/index-values.js';

type Json = Record<string, unknown>;

/** A resource ready to be stored, but for its version and, where it does not say it itself, its owner. */
export interface Prepared {
  place: string;
  type: string;
  id: string;
  /** The JSON to be served, but for its version and, where it does not say it itself, the time of its last update. */
  template: string;
  /** When it says itself that it was last updated (ISO 8601). */
  lastUpdated: string | undefined;
  sha256: string;
  values: IndexValues;
  /** Patients it belongs to; empty for what is shared, undefined when its references must tell. */
  patients: string[] | undefined;
}

const compartment = new Set<string>(patientCompartmentTypes);
const referenced = new Set<string>(memberReferencedTypes);

/**
 * Checks a resource and extracts what searches need.
 * @returns the reason when it cannot be stored
 */
export function prepare(place: string, resource: Json, baseUrl: string): Prepared | string {
  const { resourceType: type, id } = resource;
  if (typeof type !== 'string') return 'has no resourceType';
  if (!isServedType(type)) return `${type} is not a resource type of this server`;
  if (typeof id !== 'string' || !/^[A-Za-z0-9\-.]{1,64}$/.test(id))
    return `${type} has no valid id (1 to 64 letters, digits, - and .)`;
  const meta = resource.meta as Json | undefined;
  if (meta !== undefined && (typeof meta !== 'object' || meta === null))
    return `${type}/${id}: meta is not an object`;
  if (meta?.lastUpdated !== undefined && Number.isNaN(Date.parse(String(meta.lastUpdated))))
    return `${type}/${id}: meta.lastUpdated is not an instant`;
  let values: IndexValues;
  try {
    values = indexValues(resource, baseUrl);
  } catch (error) {
    return `${type}/${id} cannot be indexed: ${(error as Error).message}`;
  }
  const patients = compartment.has(type) ? compartmentOf(resource, values) : [];
  const template = templateOf(resource);
  return {
    place,
    type,
    id,
    template,
    lastUpdated: meta?.lastUpdated as string | undefined,
    sha256: createHash('sha256')
      .update(`${indexVersion} ${String(meta?.lastUpdated)}${template}`)
      .digest('base64url'),
    values,
    patients: compartment.has(type) && patients.length === 0 ? undefined : patients,
  };
}

const blank = '"versionId":"","lastUpdated":""';

/** As given, with blanks where the server's own part of `meta` goes; they come first in it, so they are found at once. */
function templateOf(resource: Json): string {
  const { resourceType, id, meta, ...rest } = resource;
  const { versionId: _version, lastUpdated: _updated, ...kept } = (meta ?? {}) as Json;
  return JSON.stringify({ resourceType, id, meta: { versionId: '', lastUpdated: '', ...kept }, ...rest });
}

/** The JSON to be served: as given, with its version and the time of its last update. */
export function storedText(template: string, version: number, lastUpdated: string): string {
  const at = template.indexOf(blank);
  return `${template.slice(0, at)}"versionId":"${version}","lastUpdated":${JSON.stringify(lastUpdated)}${template.slice(at + blank.length)}`;
}

/** What of the shared resources a member's resource points to. */
export function pointedAt(values: IndexValues): string[] {
  return values.references.filter((reference) => referenced.has(reference.split('/')[0] as string));
}
