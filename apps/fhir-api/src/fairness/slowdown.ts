import { performance } from 'node:perf_hooks';

/** Milliseconds between two measurements. */
const interval = 250;
/** Weight of the newest measurement. */
const newest = 0.5;

/** What a process measures of itself, in milliseconds since its start. */
export interface ProcessTimes {
  /** Time by the clock in which the event loop had work. */
  active: number;
  /** Processor time of all threads. */
  processor: number;
}

/**
 * How many times longer work takes by the clock than it uses a processor, because other programs use the processors: the
 * time in which the event loop had work against the processor time of the same while. A share of the clock's time would
 * be more than the process gets, and the time of a statement, known by the clock only, would make an app look greedy.
 */
export class Slowdown {
  private last: ProcessTimes;
  private measuredAt: number;
  private current = 1;

  /** @param clock milliseconds on a clock that nobody sets */
  constructor(
    private readonly measure: () => ProcessTimes = measureProcess,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.last = measure();
    this.measuredAt = clock();
  }

  /** 1 on a machine that has nothing else to do. */
  get factor(): number {
    const now = this.clock();
    if (now - this.measuredAt < interval) return this.current;
    const times = this.measure();
    const processor = Math.max(1, times.processor - this.last.processor);
    const measured = Math.max(1, (times.active - this.last.active) / processor);
    this.current += (measured - this.current) * newest;
    this.last = times;
    this.measuredAt = now;
    return this.current;
  }
}

function measureProcess(): ProcessTimes {
  const { user, system } = process.cpuUsage();
  const { active } = performance.eventLoopUtilization();
  return { active, processor: (user + system) / 1000 };
}
