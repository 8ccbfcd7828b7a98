import { typeDefinition } from '../definitions/definitions.js';
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
  const resource = JSON.parse(body) as Json;
  const { summary: summaryElements, mandatory } = typeDefinition(type);
  const wanted = new Set(['resourceType', 'id', 'meta', 'implicitRules', ...mandatory]);
  if (elements) for (const element of elements) wanted.add(element);
  if (summary === 'true') for (const element of summaryElements) wanted.add(element);
  if (summary === 'text') wanted.add('text');
  const keep = (name: string) =>
    summary === 'data' && !elements
      ? name !== 'text'
      : wanted.has(name) || wanted.has(name.replace(/^_/, ''));
  const kept = Object.fromEntries(Object.entries(resource).filter(([name]) => keep(name))) as Json;
  const meta = (kept.meta ?? {}) as Json & { tag?: Json[] };
  kept.meta = {
    ...meta,
    tag: [
      ...(meta.tag ?? []),
      { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' },
    ],
  };
  return JSON.stringify(kept);
}
