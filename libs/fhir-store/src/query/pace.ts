import type { Meter } from './meter.js';

/** Milliseconds that one answer may hold up the others. */
const slice = 0.5;

/** Lets other requests go on between the parts of long work on the one thread that all share. */
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
