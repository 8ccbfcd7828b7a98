import type { Engine } from '../engine.js';
import type { Reader } from '../reader.js';
import { neverStored, type Answer } from './answer.js';
import { fhirJson } from './media-type.js';
import type { Handling } from './prefer.js';

/** About the representation, not about what is searched (FHIR R4 §3.1.0.1.8). */
const representation = new Set(['_format', '_pretty']);

/** `search` (FHIR R4 §3.1.0.8, §3.1.1): parameters of the query and of the form together. */
export async function searchAnswer(
  engine: Engine,
  search: { type: string; parameters: [string, string][]; reader: Reader; handling: Handling },
): Promise<Answer> {
  const body = await engine.search({
    type: search.type,
    params: search.parameters.filter(([name]) => !representation.has(name)),
    reader: search.reader,
    handling: search.handling,
  });
  return { status: 200, headers: { 'content-type': fhirJson, 'cache-control': neverStored }, body };
}
