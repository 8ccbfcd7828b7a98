import { describe, expect, it } from '@jest/globals';
import { Meter } from '../search/meter.js';
import { Slowdown } from './slowdown.js';

function work(milliseconds: number): void {
  const begun = performance.now();
  while (performance.now() - begun < milliseconds);
}

describe('how much a busy machine slows work down', () => {
  it('is the clock against the processor over the last requests', () => {
    const slowdown = new Slowdown();
    expect(slowdown.factor).toBe(1);
    for (let n = 0; n < 1000; n++) slowdown.note({ clock: 6, processor: 2 });
    expect(slowdown.factor).toBeCloseTo(3, 1);
    for (let n = 0; n < 1000; n++) slowdown.note({ clock: 2, processor: 2 });
    expect(slowdown.factor).toBeCloseTo(1, 1);
  });

  it('is never below one, and one while nothing was measured', () => {
    const slowdown = new Slowdown();
    for (let n = 0; n < 5000; n++) slowdown.note({ clock: 0, processor: 0 });
    expect(slowdown.factor).toBeGreaterThanOrEqual(1);
    expect(Number.isFinite(slowdown.factor)).toBe(true);
  });
});

describe('a meter', () => {
  it('counts the processor time of a request, and none while it waits', async () => {
    const meter = new Meter();
    work(20);
    meter.pause();
    expect(meter.processor).toBeGreaterThan(0);
    expect(meter.processor).toBeLessThanOrEqual(meter.clock);
    const { processor, clock } = meter;
    await new Promise((resolve) => setTimeout(resolve, 200));
    meter.resume();
    meter.pause();
    expect(meter.clock - clock).toBeLessThan(200);
    expect(meter.processor - processor).toBeLessThan(200);
  });
});
