import { isServedType, typeDefinition } from '../definitions/definitions.js';
import type { Text } from '../postgres/database.js';
import { jsonMembers, jsonObject } from '../json/members.js';
import { elementInSummary, standsIn } from './summary.js';

type Json = Record<string, unknown>;

export const summaries = ['true', 'text', 'data', 'count', 'false'] as const;
/** The values of `_summary` (FHIR R4 §3.1.1.5.8). */
export type Summary = (typeof summaries)[number];

/** The part of a resource that a search or a read asks for. */
export interface Subset {
  summary: Summary;
  /**
   * The top-level elements that `_elements` names. A name may begin with its type. Of a deeper path only the
   * first element counts.
   */
  elements: string[] | undefined;
}

/**
 * The top-level elements that `_elements` names, as JSON names them: `value` and `value[x]` are a choice of
 * several. A name may begin with its type; of an element below the top level, the root counts.
 */
export function elementNames(type: string, value: string): string[] {
  const choices = choicesOf(type);
  return rootsOf(type, value).flatMap((name) => choices.get(name) ?? [name]);
}

/** The names in `_elements` that are no element of the type. */
export function unknownElements(type: string, value: string): string[] {
  const known = new Set([...typeDefinition(type).elements, ...choicesOf(type).keys(), 'resourceType']);
  return rootsOf(type, value).filter((name) => !known.has(name.replace(/^_/, '')));
}

function rootsOf(type: string, value: string): string[] {
  return value
    .split(',')
    .map((element) => {
      const path = element.trim().split('.');
      return (path[0] === type && path.length > 1 ? path[1] : path[0]) as string;
    })
    .filter((name) => name !== '');
}

/** The elements of each choice of a type, by both of its names: `value` and `value[x]`. */
function choicesOf(type: string): ReadonlyMap<string, readonly string[]> {
  const choices = isServedType(type) ? Object.entries(typeDefinition(type).choices) : [];
  return new Map(
    choices.flatMap(([name, elements]) => [[name, elements] as const, [`${name}[x]`, elements] as const]),
  );
}

/** The ids of the contained resources. */
function containedIds(contained: string | undefined): string[] {
  if (contained === undefined) return [];
  const resources = JSON.parse(contained) as unknown;
  return Array.isArray(resources)
    ? (resources as (Json | null)[]).flatMap((one) => (typeof one?.id === 'string' ? [one.id] : []))
    : [];
}

/**
 * The part of a resource that `_summary` or `_elements` asks for (FHIR R4 §3.1.1.5.8 and .9), marked
 * SUBSETTED.
 * @returns the unchanged text when everything is asked for
 */
export function subset(type: string, body: Text, { summary, elements }: Subset): Text {
  if (summary === 'false' && elements === undefined) return body;
  const { summary: summaryElements, mandatory } = typeDefinition(type);
  const wanted = new Set(['resourceType', 'id', 'meta', 'implicitRules', ...mandatory]);
  if (elements) for (const element of elements) wanted.add(element);
  if (summary === 'true') for (const element of summaryElements) wanted.add(element);
  if (summary === 'text') wanted.add('text');
  const keep = (name: string) =>
    summary === 'data' && !elements
      ? name !== 'text'
      : wanted.has(name) || wanted.has(name.replace(/^_/, ''));
  const members = jsonMembers(String(body));
  const contained = containedIds(members.get('contained'));
  const part = (name: string, value: string): string | undefined => {
    const element = name.replace(/^_/, '');
    if (summary !== 'true' || elements?.includes(element)) return value;
    if (name !== element) return standsIn(members.get(element)) ? value : undefined;
    return elementInSummary(type, name, value) ?? (mandatory.includes(name) ? value : undefined);
  };
  const parts = [...members]
    .filter(([name]) => name !== 'meta' && (keep(name) || name === 'contained'))
    .flatMap(([name, value]): [string, string][] => {
      const own = name === 'contained' ? value : part(name, value);
      return own === undefined ? [] : [[name, own]];
    });
  // A reference to a contained resource leads nowhere without it.
  const isReferenced = parts.some(
    ([name, value]) => name !== 'contained' && contained.some((id) => value.includes(`"#${id}"`)),
  );
  const kept = parts.filter(([name]) => name !== 'contained' || keep(name) || isReferenced);
  const meta = JSON.parse(members.get('meta') ?? '{}') as Json & { tag?: Json[] };
  const tag = [
    ...(meta.tag ?? []),
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' },
  ];
  // The usual place of `meta`: after type and id.
  kept.splice(2, 0, ['meta', JSON.stringify({ ...meta, tag })]);
  return jsonObject(kept);
}
