import { afterEach, describe, expect, it, vi } from 'vitest';
import { Meter } from './meter.js';

function work(milliseconds: number): void {
  const begun = performance.now();
  while (performance.now() - begun < milliseconds);
}

afterEach(() => vi.restoreAllMocks());

describe('a meter', () => {
  it('reads the processor time at most four times in a millisecond, however many requests there are', () => {
    const read = vi.spyOn(process, 'cpuUsage');
    const begun = performance.now();
    for (let n = 0; n < 2000; n++) {
      const meter = new Meter();
      meter.pause();
      meter.resume();
      meter.pause();
    }
    expect(read.mock.calls.length).toBeLessThanOrEqual((performance.now() - begun) / 0.25 + 2);
  });

  it('counts a short step by the clock', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);
    const meter = new Meter();
    clock.mockReturnValue(1000.125);
    meter.pause();
    expect(meter.processor).toBe(0.125);
    expect(meter.time).toBe(meter.processor);
  });

  it('counts no time in which other programs have the processor', () => {
    vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 1000, system: 1000 });
    work(1.1);
    const meter = new Meter();
    meter.resume();
    work(20);
    meter.pause();
    expect(meter.processor).toBeLessThanOrEqual(0.25);
  });

  it('counts nothing while a request waits', () => {
    const used = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 0, system: 0 });
    work(1.1);
    const meter = new Meter();
    work(20);
    used.mockReturnValue({ user: 20_000, system: 0 });
    meter.pause();
    expect(meter.processor).toBe(20);
    used.mockReturnValue({ user: 220_000, system: 0 });
    work(1.1);
    meter.resume();
    meter.pause();
    expect(meter.processor).toBeLessThanOrEqual(20.25);
  });

  it('counts the processor time of a long step', () => {
    const used = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 0, system: 0 });
    work(1.1);
    const meter = new Meter();
    work(20);
    used.mockReturnValue({ user: 3000, system: 1000 });
    meter.pause();
    expect(meter.processor).toBe(4);
  });
});
