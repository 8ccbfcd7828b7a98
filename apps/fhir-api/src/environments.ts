import type { Environment } from '@payer/smart';

/** One of each for the environments that this process serves; asking for another one is a mistake in the code. */
export type PerEnvironment<T> = Record<Environment, T>;

export function perEnvironment<T>(
  served: readonly Environment[],
  of: (environment: Environment) => T,
): PerEnvironment<T> {
  return Object.fromEntries(served.map((name) => [name, of(name)])) as PerEnvironment<T>;
}

/** The environments that there is one for. */
export const environmentsOf = (things: PerEnvironment<unknown>): Environment[] =>
  Object.keys(things) as Environment[];
