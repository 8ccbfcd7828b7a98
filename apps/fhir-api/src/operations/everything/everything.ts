import { take, type Access, type Repository } from '@payer/fhir-store';
import { type Answer, fhirJson, neverStored } from '../../answer.js';
import type { Turn } from '../../fairness/fairness.js';

/**
 * `Patient/[id]/$everything` (FHIR R4, OperationDefinition Patient-everything): the compartment of the
 * token's patient and the resources that it references, page by page.
 * @throws FhirError 400 that names the parameter
 */
export async function everythingAnswer(
  engine: Repository,
  { access, parameters, turn }: { access: Access; parameters: [string, string][]; turn: Turn },
): Promise<Answer> {
  const { patient } = access;
  if (patient === undefined) throw new Error('$everything needs an access to a patient');
  const found = await engine.everything({
    access: { ...access, patient },
    params: parameters,
    path: `Patient/${patient}/$everything`,
    ...turn,
  });
  const headers = { 'content-type': fhirJson, 'cache-control': neverStored };
  return { status: 200, headers, body: take(found, 'json'), resources: found.resources };
}
