import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Milliseconds between two measurements. */
const interval = 250;
/** Weight of the newest measurement. */
const newest = 0.5;

/** Measurements of this process, in milliseconds since its start. */
export interface ProcessTimes {
  /** Clock time in which the event loop had work. */
  active: number;
  /** Processor time of the thread of the event loop. */
  processor: number;
}

/**
 * Ratio of clock time to processor time of the work in this process, measured over the same period. It rises
 * above 1 when other programs use the processors. Without it a share of clock time would exceed the time that
 * the process gets, and statements, which are measured by the clock only, would make an app look greedy.
 */
export class Slowdown {
  private last: ProcessTimes;
  private measuredAt: number;
  private current = 1;

  /** @param clock milliseconds on a monotonic clock */
  constructor(
    private readonly measure: () => ProcessTimes = measureProcess,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.last = measure();
    this.measuredAt = clock();
  }

  /** 1 on a machine without other load. */
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

/**
 * Nanoseconds that the main thread has used a processor, at the start of the file. The threads that compile
 * and that collect garbage use as much again: with their time the machine would never look busy.
 */
const ofMainThread = `/proc/self/task/${process.pid}/schedstat`;

function readMainThread(): number | undefined {
  try {
    return Number(readFileSync(ofMainThread, 'latin1').split(' ')[0]) / 1e6 || undefined;
  } catch {
    return undefined;
  }
}

/** Not every system has the file, and some keep zeros in it. The newest value serves when a reading fails. */
let ofThread = readMainThread();

export function measureProcess(): ProcessTimes {
  const { active } = performance.eventLoopUtilization();
  if (ofThread !== undefined) return { active, processor: (ofThread = readMainThread() ?? ofThread) };
  const { user, system } = process.cpuUsage();
  return { active, processor: (user + system) / 1000 };
}
