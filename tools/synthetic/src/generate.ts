import type { FhirResource } from 'fhir/r4.js';
import { makeDirectory } from './directory.js';
import { member, personOf } from './member.js';
import { testMembers, type Environment } from './test-members.js';

export interface GenerateOptions {
  environment: Environment;
  /** How many members; those who can sign in come first. */
  members?: number;
  seed?: number;
}

/** Raise it when the output changes for the same options. */
const generatorVersion = 3;

export const defaultMembers: Record<Environment, number> = { sandbox: 12, production: 8 };

/** A string that changes when the default data set of an environment does. */
export function datasetVersion(environment: Environment): string {
  return `${environment}-${generatorVersion}-${defaultMembers[environment]}`;
}

/**
 * Makes an environment's data, one resource after another: the provider directory, then a member at a time. The same options
 * give the same resources, and member n is the same however many follow. Memory does not grow with the number of members.
 */
export function* generate(options: GenerateOptions): Generator<FhirResource> {
  const { environment, seed = 1 } = options;
  const count = options.members ?? defaultMembers[environment];
  const known = testMembers(environment);
  const directory = makeDirectory(environment, environment === 'sandbox' ? 18 : 10);
  yield* directory.resources;
  for (let n = 0; n < count; n++)
    yield* member(environment, known[n] ?? personOf(environment, seed, n), directory);
}
