import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EvenTime } from './even-time.js';

const slot = 1500;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const delay = <T>(milliseconds: number, value: T) =>
  new Promise<T>((resolve) => setTimeout(() => resolve(value), milliseconds));

/** Milliseconds after which each of several checks of one moment is answered. */
async function answersOf(checks: readonly { takes: number; isRight: boolean }[]): Promise<number[]> {
  const even = new EvenTime(slot);
  const began = performance.now();
  const answered = checks.map(({ takes, isRight }) =>
    even.run(() => delay(takes, isRight)).then(() => performance.now() - began),
  );
  await vi.advanceTimersByTimeAsync(20 * slot);
  return (await Promise.all(answered)).map(Math.round);
}

it.each([40, 300, 1400])(
  'a wrong password is answered after a whole slot, whether its check takes %d ms',
  async (takes) => {
    expect(await answersOf([{ takes, isRight: false }])).toEqual([slot]);
  },
);

it('a check that takes longer than a slot is answered after two slots', async () => {
  expect(await answersOf([{ takes: 1600, isRight: false }])).toEqual([2 * slot]);
});

it('a right password that does not wait is answered at once', async () => {
  expect(await answersOf([{ takes: 40, isRight: true }])).toEqual([40]);
});

it.each([40, 300])(
  'the next check in the queue reveals nothing about the two checks before it, which take %d ms',
  async (takes) => {
    const wrong = { takes, isRight: false };
    for (const isRight of [true, false])
      expect((await answersOf([wrong, wrong, { takes: 40, isRight }]))[2]).toBe(slot);
  },
);
