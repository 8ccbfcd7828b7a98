import type { Environment } from '@payer/smart';

/** One value for each environment that this process serves. Access to another environment is a bug. */
export type PerEnvironment<T> = Record<Environment, T>;

export function perEnvironment<T>(
  served: readonly Environment[],
  of: (environment: Environment) => T,
): PerEnvironment<T> {
  return Object.fromEntries(served.map((name) => [name, of(name)])) as PerEnvironment<T>;
}

/** The environments that have a value. */
export const environmentsOf = (things: PerEnvironment<unknown>): Environment[] =>
  Object.keys(things) as Environment[];
