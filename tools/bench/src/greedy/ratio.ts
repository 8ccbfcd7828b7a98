import { quantiles } from '../quantiles.js';

/** The ratio of two p99s, and the interval that nine of ten repetitions of the measurement would give. */
export interface Ratio {
  times: number;
  low: number;
  high: number;
}

const repetitions = 1000;

export const p99Of = (rounds: readonly (readonly number[])[]): number => quantiles(rounds.flat()).p99;

/**
 * The p99 of one sample as a multiple of another's. Whole rounds are drawn again for the interval, because
 * the latencies of one round depend on each other: one busy second of the machine slows a hundred of them.
 * @param beside and @param control latencies by round; the rounds of the two alternated
 */
export function ratioOfP99(
  beside: readonly (readonly number[])[],
  control: readonly (readonly number[])[],
  random: () => number = Math.random,
): Ratio {
  const draw = (rounds: readonly (readonly number[])[]) =>
    rounds.map(() => rounds[Math.floor(random() * rounds.length)]!);
  const drawn = Array.from({ length: repetitions }, () => p99Of(draw(beside)) / p99Of(draw(control)));
  drawn.sort((one, other) => one - other);
  return {
    times: p99Of(beside) / p99Of(control),
    low: drawn[Math.floor(repetitions * 0.05)]!,
    high: drawn[Math.floor(repetitions * 0.95)]!,
  };
}

/** Whether a ratio is within the aim, or the measurement is too short to decide. */
export function verdictOf({ times, low }: Ratio, aim: number): 'within' | 'beyond' | 'undecided' {
  if (times <= aim) return 'within';
  return low > aim ? 'beyond' : 'undecided';
}
