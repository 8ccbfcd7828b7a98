import { typeDefinition } from '../definitions/definitions.js';
import { jsonMembers, jsonObject } from './json-members.js';
import type { Search } from './parse.js';

type Json = Record<string, unknown>;

/**
 * The part of a resource that `_summary` or `_elements` asks for (FHIR R4 §3.1.1.5.8 and .9), marked SUBSETTED.
 * @returns the text as it is when all is wanted
 */
export function subset(
  type: string,
  body: string,
  { summary, elements }: Pick<Search, 'summary' | 'elements'>,
): string {
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
  const members = jsonMembers(body);
  const kept = [...members].filter(([name]) => keep(name) && name !== 'meta');
  const meta = JSON.parse(members.get('meta') ?? '{}') as Json & { tag?: Json[] };
  const tag = [
    ...(meta.tag ?? []),
    { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' },
  ];
  // Where resources have it: after type and id.
  kept.splice(2, 0, ['meta', JSON.stringify({ ...meta, tag })]);
  return jsonObject(kept);
}
