import { beforeEach, expect, it } from 'vitest';
import { SteadyClock } from './steady-clock.js';

let elapsed: number;
let wall: number;
let clock: SteadyClock;
let start: number;

beforeEach(() => {
  [elapsed, wall] = [5_000, 1_000_000];
  clock = new SteadyClock(
    () => elapsed,
    () => Math.floor(wall),
  );
  start = clock.now();
});

const pass = (milliseconds: number) => {
  elapsed += milliseconds;
  wall += milliseconds;
};
const passed = () => clock.now() - start;

it('time of a suspended machine counts, whose monotonic clock stands still', () => {
  pass(1000);
  wall += 3_600_000;
  expect(passed()).toBe(3_601_000);
  pass(1000);
  expect(passed()).toBe(3_602_000);
});

it('a wall clock that is set back hides no time, neither before nor after a suspension', () => {
  wall -= 7_200_000;
  pass(1000);
  expect(passed()).toBe(1000);
  wall += 10_000;
  expect(passed()).toBe(11_000);
  wall -= 7_200_000;
  expect(passed()).toBe(11_000);
});

it('short suspensions add up', () => {
  for (let i = 0; i < 50; i += 1) {
    wall += 60;
    pass(1);
    clock.now();
  }
  expect(passed()).toBe(50 * 61);
});

it('many readings within a millisecond make no time', () => {
  for (let i = 0; i < 10_000; i += 1) {
    pass(0.3);
    clock.now();
  }
  expect(passed()).toBeGreaterThanOrEqual(2999);
  expect(passed()).toBeLessThanOrEqual(3001);
});
