import type { Meter } from './meter.js';

/** Milliseconds for which one answer may delay the others. */
const slice = 0.5;

/** Lets other requests run between the parts of long work. All requests share one thread. */
export class Pace {
  private begun = performance.now();

  constructor(private readonly meter: Meter) {}

  get isDue(): boolean {
    return performance.now() - this.begun > slice;
  }

  async yield(): Promise<void> {
    this.meter.pause();
    await new Promise((resolve) => setImmediate(resolve));
    this.meter.resume();
    this.begun = performance.now();
  }
}
