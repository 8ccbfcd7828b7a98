import { take, type Access, type Repository } from '@payer/fhir-store';
import { type Answer, fhirJson, neverStored } from '../answer.js';
import type { Turn } from '../fairness/fairness.js';
import { notThere } from './read.js';

/**
 * `history` of one resource (FHIR R4 §3.1.0.11): the versions that are kept and that the token may read, the
 * newest first, page by page.
 * @throws Refusal 404 and 410 as every read, 400 that names the parameter
 */
export async function historyAnswer(
  engine: Repository,
  { type, id, access }: { type: string; id: string; access: Access },
  query: URLSearchParams,
  { meter }: Turn,
): Promise<Answer> {
  const found = await engine.history({ type, id, access, params: [...query], meter });
  if (!found) throw await notThere(engine, { type, id, access });
  const headers = { 'content-type': fhirJson, 'cache-control': neverStored };
  return { status: 200, headers, body: take(found, 'json'), resources: found.resources };
}
