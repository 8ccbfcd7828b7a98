import { guides } from '@payer/smart';
import type { FhirResource } from 'fhir/r4.js';
import { makeDirectory } from './directory.js';
import { member } from './member.js';
import { nameCodes } from './name-codes.js';
import { personOf } from './person.js';
import { specialMembers, type Person } from './special-members.js';
import { testMembers, type Environment } from './test-members.js';

export interface GenerateOptions {
  environment: Environment;
  /** How many members; those who can sign in come first. */
  members?: number;
  /** How many practices the provider directory has. */
  practices?: number;
  seed?: number;
}

/** Raise it when the output changes for the same options. */
const generatorVersion = 13;

/** How many members and practices an environment has by default. Others have {@link usualSize}. */
const sizes: Partial<Record<Environment, { members: number; practices: number }>> = {
  sandbox: { members: 12 + specialMembers.length, practices: 18 },
  production: { members: 8, practices: 10 },
};
const usualSize = { members: 12, practices: 18 };

export const sizeOf = (environment: Environment) => sizes[environment] ?? usualSize;

/** The versions of guides that the resources name: `us-core-6.1.0+7.0.0`, and so on. */
const guideVersions = (): string =>
  Object.entries(guides)
    .map(([id, { versions }]) => `${id}-${versions.map(({ version }) => version).join('+')}`)
    .join(' ');

/**
 * A string that changes when the default data set of an environment does. A version of a guide that comes or
 * goes changes the profiles that the resources name.
 */
export function datasetVersion(environment: Environment): string {
  return `${environment}-${generatorVersion}-${sizeOf(environment).members} ${guideVersions()}`;
}

/**
 * Makes an environment's data, one resource after another: the provider directory, then a member at a time.
 * The same options give the same resources, and member n is the same however many follow. Memory grows with
 * the directory, not with the number of members.
 */
export function* generate(options: GenerateOptions): Generator<FhirResource> {
  for (const resource of resourcesOf(options)) yield nameCodes(resource);
}

function* resourcesOf(options: GenerateOptions): Generator<FhirResource> {
  const { environment, seed = 1 } = options;
  const count = options.members ?? sizeOf(environment).members;
  const known = testMembers(environment);
  const directory = makeDirectory(environment, options.practices ?? sizeOf(environment).practices);
  yield* directory.resources;
  for (let n = 0; n < count; n++)
    yield* member(environment, known[n] ?? memberOf(environment, seed, n), directory);
}

/**
 * The n-th member, when it is not a known one. The sandbox has members for special cases after the twelfth.
 */
export const memberOf = (environment: Environment, seed: number, n: number): Person =>
  (environment === 'sandbox' ? specialMembers[n - 12] : undefined) ?? personOf(environment, seed, n);
