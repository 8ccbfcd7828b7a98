import type { Engine } from '../engine.js';
import type { Turn } from '../fairness/fairness.js';
import type { Reader } from '../reader.js';
import { neverStored, pretty, type Answer } from './answer.js';
import { fhirJson } from './media-type.js';
import type { Handling } from './prefer.js';

/** `search` (FHIR R4 §3.1.0.8, §3.1.1): parameters of the query and of the form together. */
export async function searchAnswer(
  engine: Engine,
  search: { type: string; parameters: [string, string][]; reader: Reader; handling: Handling; turn: Turn },
): Promise<Answer> {
  const { json, resources } = await engine.search({
    type: search.type,
    params: search.parameters,
    reader: search.reader,
    handling: search.handling,
    ...search.turn,
  });
  const asked = search.parameters.findLast(([name]) => name === '_pretty');
  return pretty(
    {
      status: 200,
      headers: { 'content-type': fhirJson, 'cache-control': neverStored },
      body: json,
      resources,
    },
    asked?.[1] ?? null,
  );
}
