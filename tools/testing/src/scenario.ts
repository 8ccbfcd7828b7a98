import fc from 'fast-check';

/** One step of a simulation. */
export type Step<Simulation> = (simulation: Simulation) => unknown;

/**
 * Makes kinds of steps for scenarios. A scenario that fails is printed as the list of its steps. The weight
 * is how often a kind occurs in comparison with the others.
 */
export function stepsOf<Simulation>() {
  return <T>(
    weight: number,
    name: string,
    arbitrary: fc.Arbitrary<T>,
    act: (simulation: Simulation, value: T) => unknown,
  ): fc.WeightedArbitrary<Step<Simulation>> => {
    const named = (value: T): Step<Simulation> =>
      Object.assign((simulation: Simulation) => act(simulation, value), {
        [fc.toStringMethod]: () => `${name} ${JSON.stringify(value)}`,
      });
    return { weight, arbitrary: arbitrary.map(named) };
  };
}

/**
 * The parameters of property tests: always the same scenarios, so that a failure comes from the change.
 * `PROPERTY_RUNS` and `PROPERTY_SEED` (a number, or `random`) try others.
 */
export function propertyParameters(runs: number): { numRuns: number; seed?: number; endOnFailure: true } {
  const { PROPERTY_RUNS: asked, PROPERTY_SEED: seed = '20' } = process.env;
  return {
    numRuns: Number(asked ?? runs),
    ...(seed === 'random' ? {} : { seed: Number(seed) }),
    endOnFailure: true,
  };
}
