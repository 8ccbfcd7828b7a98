import { typeDefinition } from '../definitions/definitions.js';
import type { Text } from '../postgres/database.js';
import { jsonMembers, jsonObject } from './json-members.js';
import type { Search } from '../query/parse.js';
import { elementInSummary, standsIn } from './summary.js';

type Json = Record<string, unknown>;

/**
 * The part of a resource that `_summary` or `_elements` asks for (FHIR R4 §3.1.1.5.8 and .9), marked SUBSETTED.
 * @returns the text as it is when all is wanted
 */
export function subset(
  type: string,
  body: Text,
  { summary, elements }: Pick<Search, 'summary' | 'elements'>,
): Text {
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
  // Where resources have it: after type and id.
  kept.splice(2, 0, ['meta', JSON.stringify({ ...meta, tag })]);
  return jsonObject(kept);
}
