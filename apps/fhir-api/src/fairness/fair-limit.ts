import { FhirError } from '@payer/fhir-store';
import { throttled } from './throttled.js';

export interface FairLimitOptions {
  /** Pieces of work that run at once. */
  slots: number;
  /** Slots of one app while it is alone, and while other apps are active. */
  perApp: { alone: number; shared: (app: string) => number };
  /** The most waiting pieces of work, of one app and in all. */
  maxWaiting: { perApp: number; inAll: number };
  /** Milliseconds after which waiting work is given up. */
  maxWait: number;
  isShared: (app: string) => boolean;
}

interface Waiting {
  start: () => void;
  giveUp: NodeJS.Timeout;
}

interface Line {
  running: number;
  waiting: Waiting[];
}

/**
 * A concurrency limit that is fair to apps. A free slot goes to the next app in turn, not to the oldest
 * request. So a hundred requests of one app delay the request of another app by one place.
 */
export class FairLimit {
  private readonly lines = new Map<string, Line>();
  private running = 0;
  private waiting = 0;

  constructor(private readonly options: FairLimitOptions) {}

  /**
   * @param app the app that the work is for
   * @throws Refusal 429 when too much work of this app is waiting, or when this work waited too long
   * @throws FhirError 503 when too much work of all apps is waiting
   */
  async run<Result>(app: string, work: () => Promise<Result>): Promise<Result> {
    const line = this.lineOf(app);
    if (this.mayStart(app, line)) this.begin(line);
    else await this.wait(line);
    try {
      return await work();
    } finally {
      this.running -= 1;
      line.running -= 1;
      this.startNext();
      if (line.running === 0 && line.waiting.length === 0) this.lines.delete(app);
    }
  }

  /** Pieces of work of the app that wait. */
  waitingOf(app: string): number {
    return this.lines.get(app)?.waiting.length ?? 0;
  }

  /** Pieces of work of the app that run or wait. */
  inProgressOf(app: string): number {
    const line = this.lines.get(app);
    return line ? line.running + line.waiting.length : 0;
  }

  private lineOf(app: string): Line {
    let line = this.lines.get(app);
    if (!line) this.lines.set(app, (line = { running: 0, waiting: [] }));
    return line;
  }

  private mayStart(app: string, line: Line): boolean {
    const { slots, perApp, isShared } = this.options;
    if (this.running >= slots || line.running >= perApp.alone) return false;
    return line.running < perApp.shared(app) || !isShared(app);
  }

  private begin(line: Line): void {
    this.running += 1;
    line.running += 1;
  }

  private wait(line: Line): Promise<void> {
    const { maxWaiting, maxWait } = this.options;
    if (line.waiting.length >= maxWaiting.perApp) throw tooManyOfOne();
    if (this.waiting >= maxWaiting.inAll) throw tooManyOfAll();
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(entry.giveUp);
        this.waiting -= 1;
        this.begin(line);
        resolve();
      };
      const giveUp = setTimeout(() => {
        line.waiting.splice(line.waiting.indexOf(entry), 1);
        this.waiting -= 1;
        reject(tooManyOfOne());
      }, maxWait);
      const entry: Waiting = { start, giveUp };
      line.waiting.push(entry);
      this.waiting += 1;
    });
  }

  /** Starts work of the apps in turn. An app that gets a slot moves to the end of the queue. */
  private startNext(): void {
    if (this.waiting === 0) return;
    for (const [app, line] of [...this.lines]) {
      if (this.running >= this.options.slots) return;
      while (line.waiting.length > 0 && this.mayStart(app, line)) {
        line.waiting.shift()!.start();
        this.lines.delete(app);
        this.lines.set(app, line);
        if (this.lines.size > 1) break;
      }
    }
  }
}

/** Seconds. */
const retryAfter = 2;

const tooManyOfOne = () =>
  throttled(
    'Too many requests of this app wait already, or this one waited for too long. Send fewer at a time, or ask for less at once (_count up to 100, fewer _include and _revinclude).',
    retryAfter,
  );

const tooManyOfAll = () =>
  new FhirError(503, 'throttled', 'Too many requests of all apps wait already. Try again soon.', undefined, {
    'retry-after': String(retryAfter),
  });
