import { take, type Access, type Repository } from '@payer/fhir-store';
import { type Answer, fhirJson, neverStored } from '../answer.js';
import type { Turn } from '../fairness/fairness.js';
import { pretty } from './error-answer.js';
import type { Handling } from './prefer.js';

/** `search` (FHIR R4 §3.1.0.8, §3.1.1), with the parameters of the query and of the form. */
export async function searchAnswer(
  engine: Repository,
  search: {
    type: string;
    /** Id of the patient whose compartment the path names. */
    compartment?: string;
    parameters: [string, string][];
    access: Access;
    handling: Handling;
    turn: Turn;
  },
): Promise<Answer> {
  const found = await engine.search({
    type: search.type,
    ...(search.compartment === undefined ? {} : { path: `Patient/${search.compartment}/${search.type}` }),
    params: search.parameters,
    access: search.access,
    handling: search.handling,
    ...search.turn,
  });
  const asked = search.parameters.findLast(([name]) => name === '_pretty');
  return pretty(
    {
      status: 200,
      headers: { 'content-type': fhirJson, 'cache-control': neverStored },
      body: take(found, 'json'),
      resources: found.resources,
    },
    asked?.[1] ?? null,
  );
}
