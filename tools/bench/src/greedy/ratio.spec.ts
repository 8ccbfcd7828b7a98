import { describe, expect, it } from 'vitest';
import { ratioOfP99, verdictOf } from './ratio.js';

/** A fixed sequence of numbers from 0 to 1. */
function numbers(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff;
}
const random = numbers();
/** Rounds of 120 latencies, eight of which are the given one. */
const rounds = (slow: readonly number[]) =>
  slow.map((latency) => Array.from({ length: 120 }, (_, n) => (n % 15 === 0 ? latency : 5 + random())));

describe('the ratio of two p99s', () => {
  it('is beyond the aim when every round is', () => {
    const ratio = ratioOfP99(rounds([20, 21, 22, 21, 20]), rounds([10, 11, 10, 10, 11]), numbers());
    expect(ratio.times).toBeCloseTo(2, 0);
    expect(ratio.low).toBeGreaterThan(1.5);
    expect(verdictOf(ratio, 1.2)).toBe('beyond');
  });

  it('is undecided when one round of the two samples makes the difference', () => {
    const ratio = ratioOfP99(rounds([10, 11, 60, 10, 10]), rounds([10, 10, 11, 10, 9]), numbers());
    expect(ratio.times).toBeGreaterThan(1.2);
    expect(verdictOf(ratio, 1.2)).toBe('undecided');
  });

  it('is within the aim when nothing differs', () => {
    const same = rounds([10, 30, 10, 20, 10]);
    expect(verdictOf(ratioOfP99(same, same, numbers()), 1.2)).toBe('within');
  });
});
