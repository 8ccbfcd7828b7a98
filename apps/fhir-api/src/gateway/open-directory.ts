import { planRules, plans, resourceTypesOfPlan, type Environment } from '@payer/smart';
import type { Access } from '@payer/fhir-store';

/** The resource types of the plans that read the directory. Other plans own every other type. */
export const directoryTypes: ReadonlySet<string> = new Set(
  plans
    .filter((plan) => planRules[plan].reads.data === 'directory')
    .flatMap((plan) => [...resourceTypesOfPlan[plan]]),
);

/** The access of a request without a token: no patient, so the store reaches no compartment. */
export const publicAccess: Access = { types: directoryTypes };

/** A read or a search, as far as the open directory has to know it. */
interface DataRequest {
  type: string;
  operation?: string;
  compartment?: string;
}

/**
 * The directory that everybody may read without a token (42 CFR 431.70, 422.120), in the environments where
 * the payer has opened it. No other data is ever read without a token.
 */
export class OpenDirectory {
  private readonly environments: ReadonlySet<Environment>;

  constructor(environments: readonly Environment[]) {
    this.environments = new Set(environments);
  }

  isOpen(environment: Environment): boolean {
    return this.environments.has(environment);
  }

  /**
   * The access of a request without a token; undefined when the request needs one. A request with an
   * `Authorization` header of any kind is judged by its token alone.
   */
  accessTo(
    environment: Environment,
    authorization: string | undefined,
    { type, operation, compartment }: DataRequest,
  ): Access | undefined {
    if (authorization !== undefined || !this.isOpen(environment)) return undefined;
    if (operation !== undefined || compartment !== undefined) return undefined;
    return directoryTypes.has(type) ? publicAccess : undefined;
  }
}
