import type { Access, Repository } from '@payer/fhir-store';
import type { SearchInteraction } from './interaction.js';
import { notThere } from './read.js';

/**
 * Refuses a path into the compartment of another patient than the token's, as a read of that Patient is
 * refused. The own compartment is the limit of every search of the token.
 * @throws Refusal 404
 */
export async function refuseForeignCompartment(
  engine: Repository,
  { compartment }: SearchInteraction,
  access: Access,
): Promise<void> {
  if (compartment === undefined || compartment === access.patient) return;
  throw await notThere(engine, { type: 'Patient', id: compartment, access });
}
