import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { measureProcess, Slowdown } from './slowdown.js';

function work(milliseconds: number): void {
  const begun = performance.now();
  while (performance.now() - begun < milliseconds);
}

describe('the slowdown of a busy machine', () => {
  const times = { active: 0, processor: 0 };
  let now = 0;
  const pass = (active: number, processor: number) => {
    now += 1000;
    times.active += active;
    times.processor += processor;
  };

  it('is the recent ratio of the time with work to the processor time', () => {
    const slowdown = new Slowdown(
      () => ({ ...times }),
      () => now,
    );
    expect(slowdown.factor).toBe(1);
    for (let n = 0; n < 20; n++) {
      pass(900, 300);
      void slowdown.factor;
    }
    expect(slowdown.factor).toBeCloseTo(3, 1);
    for (let n = 0; n < 20; n++) {
      pass(100, 120);
      void slowdown.factor;
    }
    expect(slowdown.factor).toBeCloseTo(1, 1);
  });

  it('is 1 in an idle process', () => {
    const slowdown = new Slowdown(
      () => ({ ...times }),
      () => now,
    );
    pass(0, 0);
    expect(slowdown.factor).toBe(1);
  });

  it('is measured in this process', async () => {
    const slowdown = new Slowdown();
    work(300);
    await new Promise((resolve) => setImmediate(resolve));
    expect(slowdown.factor).toBeGreaterThanOrEqual(1);
    expect(Number.isFinite(slowdown.factor)).toBe(true);
  });
});

describe('the processor time of the event loop', () => {
  const used = () => process.cpuUsage().user / 1000;

  it.runIf(existsSync('/proc/self/task'))('leaves out other threads', async () => {
    const [before, usedBefore] = [measureProcess(), used()];
    const worker = new Worker('for (;;);', { eval: true });
    while (used() - usedBefore < 600) await new Promise((resolve) => setTimeout(resolve, 20));
    await worker.terminate();
    await turn();
    expect(measureProcess().processor - before.processor).toBeLessThan(300);
  });
});
