import { throttled } from './throttled.js';

/** Part of the one thread's time that an app gets while others are active. */
const share = 0.3;
/** Milliseconds of it that an app may use at once. */
const burst = 10;
/** Requests of an app that wait; and for how long, in milliseconds. */
const maxWaiting = 200;
const maxWait = 15_000;

interface Line {
  /** Milliseconds that the app may use now; below nothing when it has used more. */
  left: number;
  at: number;
  /** Resolves when the request before has had its turn. */
  last: Promise<void>;
  waiting: number;
}

/**
 * Shares the one thread that all requests need. What a request does there cannot be interrupted, and refusing costs time,
 * too: so an app that has used up its share waits, one request after the other, while other apps are active.
 */
export class ProcessorShare {
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly isShared: (app: string) => boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Waits until the app may use the thread again; not at all while it is alone.
   * @throws Refusal 429 when too many of its requests wait, or it would have to wait for too long
   */
  async turn(app: string): Promise<void> {
    const line = this.lines.get(app);
    if (!line || (line.waiting === 0 && (this.leftOf(line) >= 0 || !this.isShared(app)))) return;
    const wait = (-line.left + line.waiting) / share;
    if (line.waiting >= maxWaiting || wait > maxWait)
      throw throttled(
        'This app uses more of the server than its share while other apps wait. Send fewer requests at a time, or ask for less at once.',
        Math.min(wait, maxWait) / 1000,
      );
    line.waiting += 1;
    const mine = line.last.then(() => this.refilled(app, line));
    line.last = mine;
    try {
      await mine;
    } finally {
      line.waiting -= 1;
    }
  }

  /** @param time milliseconds of the thread that a request took */
  charge(app: string, time: number): void {
    let line = this.lines.get(app);
    if (!line) {
      this.forgetIdle();
      line = { left: burst, at: this.now(), last: Promise.resolve(), waiting: 0 };
      this.lines.set(app, line);
    }
    line.left = this.leftOf(line) - time;
  }

  private async refilled(app: string, line: Line): Promise<void> {
    while (this.leftOf(line) < 0 && this.isShared(app))
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(100, -line.left / share))));
  }

  private leftOf(line: Line): number {
    const now = this.now();
    line.left = Math.min(burst, line.left + (now - line.at) * share);
    line.at = now;
    return line.left;
  }

  /** Lines that are full again say nothing. */
  private forgetIdle(): void {
    if (this.lines.size < 1000) return;
    for (const [app, line] of this.lines)
      if (line.waiting === 0 && this.leftOf(line) === burst) this.lines.delete(app);
  }
}
