import { isCompartmentType, isServedType, typeDefinition } from '../definitions/definitions.js';
import { FhirError } from '../fhir-error.js';
import { storable } from '../index/columns.js';
import { searchKey } from '../index/search-key.js';
import { tokenAsked } from '../parameters/token.js';

/*
 * Conditional references, `Practitioner?identifier=system|value` (FHIR R4 §3.1.0.11.2): the resource that is
 * meant has the identifier. They are replaced by `Practitioner/id` before a resource is stored, because
 * searches and includes follow types and ids only.
 */

/**
 * What conditions match, by condition as it is written: ids of the stored resources, at most two, because
 * two are as wrong as many.
 */
export type Resolutions = ReadonlyMap<string, readonly string[]>;

// A quotation mark inside a JSON string is escaped, so this finds members only.
const written = /("reference"\s*:\s*)"([A-Za-z]+\?(?:[^"\\]|\\.)*)"/g;
const conditionalCreate = /\{[^{}]*"ifNoneExist"[^{}]*\}/g;

/** The conditions in a text of one or more JSON documents, each once. */
export function conditionsIn(text: string): string[] {
  const found = new Set<string>();
  for (const [, , condition] of text.matchAll(written)) found.add(unescaped(condition!));
  for (const [request] of text.matchAll(conditionalCreate)) {
    const condition = conditionOfCreate(parsed(request));
    if (condition) found.add(condition);
  }
  return [...found].filter((condition) => typeof conditionKey(condition) === 'object');
}

/** Whether bytes may hold a condition: a quick test, because most files have none. */
export const mayHoldConditions = (bytes: Buffer): boolean =>
  bytes.includes('?identifier=') || bytes.includes('"ifNoneExist"');

/**
 * `Type?identifier=value` of a Bundle entry's request that creates a shared resource unless it exists
 * (FHIR R4 §3.1.0.8.1); undefined for any other request.
 */
export function conditionOfCreate(request: Record<string, unknown> | undefined): string | undefined {
  const { method, url, ifNoneExist } = request ?? {};
  if (method !== 'POST' || typeof url !== 'string' || typeof ifNoneExist !== 'string') return undefined;
  const condition = `${url}?${ifNoneExist.replace(/^.*\?/, '')}`;
  return typeof conditionKey(condition) === 'object' ? condition : undefined;
}

/** The type and the index key that a condition asks for, or the reason why it cannot be resolved. */
export function conditionKey(condition: string): { type: string; key: number } | string {
  // PostgreSQL has neither in a text.
  if (storable(condition) !== condition)
    return `the reference ${JSON.stringify(condition)} is conditional; it has U+0000 or half of a surrogate pair`;
  const mark = condition.indexOf('?');
  const type = condition.slice(0, mark);
  if (!isServedType(type) || isCompartmentType(type))
    return `the reference "${condition}" is conditional; give the id: only shared resources are found by identifier`;
  const [, value] = /^identifier=([^&]+)$/.exec(condition.slice(mark + 1)) ?? [];
  if (value === undefined)
    return `the reference "${condition}" is conditional; only identifier=system|value is supported`;
  const { number, system } = typeDefinition(type).parameters.identifier ?? {};
  if (number === undefined) return `the reference "${condition}" is conditional; ${type} has no identifier`;
  try {
    return { type, key: searchKey(tokenAsked({ number, system }, 'identifier', decoded(value))) };
  } catch (error) {
    if (error instanceof FhirError) return `the reference "${condition}" is conditional: ${error.message}`;
    throw error;
  }
}

/**
 * Writes `Type/id` in place of each condition that matches exactly one resource.
 * @param unsettled conditions that are left as they are
 */
export function withResolved(text: string, resolutions: Resolutions, unsettled: ReadonlySet<string>): string {
  if (!text.includes('?')) return text;
  return text.replace(written, (whole, before: string, condition: string) => {
    const asked = unescaped(condition);
    const target = unsettled.has(asked) ? undefined : soleTarget(asked, resolutions);
    return target ? `${before}"${target}"` : whole;
  });
}

/** `Type/id` of the only resource that a condition matches. */
export function soleTarget(condition: string, resolutions: Resolutions): string | undefined {
  const ids = resolutions.get(condition);
  return ids?.length === 1 ? `${condition.slice(0, condition.indexOf('?'))}/${ids[0]}` : undefined;
}

/** The conditional references that are left in a resource, each with the reason why it cannot be stored. */
export function unresolvedIn(
  text: string,
  resolutions: Resolutions,
): { condition: string; reason: string | undefined }[] {
  if (!text.includes('?')) return [];
  return [...text.matchAll(written)].map(([, , raw]) => {
    const condition = unescaped(raw!);
    const key = conditionKey(condition);
    if (typeof key === 'string') return { condition, reason: key };
    const isAmbiguous = (resolutions.get(condition)?.length ?? 0) > 1;
    return {
      condition,
      reason: isAmbiguous
        ? `the reference "${condition}" matches more than one ${key.type}; give the id`
        : undefined,
    };
  });
}

const unescaped = (text: string): string =>
  text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;

/** A condition is part of a URL, but many sources write it without percent-encoding. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
