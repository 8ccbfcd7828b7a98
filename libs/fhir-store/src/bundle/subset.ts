import { typeDefinition } from '../definitions/definitions.js';
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
 * The top-level elements that `_elements` names. A name may begin with its type; of an element below the top
 * level, the root counts.
 */
export function elementNames(type: string, value: string): string[] {
  return value.split(',').map((element) => {
    const path = element.trim().split('.');
    return (path[0] === type && path.length > 1 ? path[1] : path[0]) as string;
  });
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
  const part = (name: string, value: string): string | undefined => {
    const element = name.replace(/^_/, '');
    if (summary !== 'true' || elements?.includes(element)) return value;
    if (name !== element) return standsIn(members.get(element)) ? value : undefined;
    return elementInSummary(type, name, value) ?? (mandatory.includes(name) ? value : undefined);
  };
  const kept = [...members]
    .filter(([name]) => keep(name) && name !== 'meta')
    .flatMap(([name, value]): [string, string][] => {
      const own = part(name, value);
      return own === undefined ? [] : [[name, own]];
    });
  const meta = JSON.parse(members.get('meta') ?? '{}') as Json & { tag?: Json[] };
  const tag = [
    ...(meta.tag ?? []),
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' },
  ];
  // The usual place of `meta`: after type and id.
  kept.splice(2, 0, ['meta', JSON.stringify({ ...meta, tag })]);
  return jsonObject(kept);
}
