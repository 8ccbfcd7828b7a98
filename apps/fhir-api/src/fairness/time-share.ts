import { setTimeout as pause } from 'node:timers/promises';
import { throttled } from './throttled.js';

export interface TimeShareOptions {
  /** Part of the time that a key gets while others are active, as long as its requests are light. */
  share: number;
  /** Milliseconds that a light request takes at most. A key whose requests take twice as long gets half the share. */
  light: number;
  /** Part of the time that a key gets however long its requests take. */
  leastShare: number;
  /** Milliseconds that a key may use at once. */
  burst: number;
  /** Milliseconds that a request takes as far as nothing is known of its key. */
  usual: number;
  /** Requests that wait, of one key. */
  maxWaiting: number;
  /** Milliseconds that a request may wait. */
  maxWait: number;
  /** What happens to a request that finds too many waiting: it is refused, or it goes on. */
  beyond: 'refuse' | 'pass';
  /** Whether anybody else is active. */
  isShared: (key: string) => boolean;
  /** How many times longer work takes by the clock than it is charged for: a share is of what this process really gets. */
  slowdown?: () => number;
}

interface Line {
  /** Milliseconds that the key may use now; negative while it has used more than its share. */
  left: number;
  at: number;
  /** Milliseconds that a request of this key usually takes. */
  usual: number;
  /** Milliseconds that the key used lately; older use counts less and less. */
  used: number;
  usedAt: number;
  /** Resolves when the request before has had its turn. */
  last: Promise<void>;
  waiting: number;
}

/** Milliseconds of debt that a key carries from the time in which it was alone. */
const maxDebtAlone = 50;
/** Weight of the newest request in the usual time. */
const newest = 0.2;
/** Milliseconds after which a third of what a key used still counts. */
const rememberedFor = 1000;
/** Keys that are remembered; beyond, the one that was not used for longest is forgotten. */
const maxLines = 1000;

/**
 * Shares time that several apps need: that of the one thread, or that of the database. Work cannot be interrupted, so an
 * app that has used its share waits before its next request, one request after the other, while other apps are active.
 * The usual time of a request is charged when it begins: else forty requests would begin before the first is charged.
 */
export class TimeShare {
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly options: TimeShareOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Waits until the key may use more time; not at all while it is alone.
   * @param expected milliseconds that the request takes, where that is known better than by the key's other requests
   * @returns milliseconds that are charged already, for {@link charge}
   * @throws Refusal 429 when too many of its requests wait, or it would have to wait for too long
   */
  async turn(key: string, expected?: number): Promise<number> {
    const line = this.lineOf(key);
    if (line.waiting === 0 && !this.options.isShared(key)) return 0;
    if (line.waiting > 0 || this.mustWait(key, line)) await this.wait(key, line);
    const charged = expected ?? line.usual;
    line.left -= charged;
    return charged;
  }

  /**
   * @param time milliseconds that a request took
   * @param charged milliseconds that its turn has charged
   */
  charge(key: string, time: number, charged = 0): void {
    const line = this.lineOf(key);
    line.usual += (time - line.usual) * newest;
    line.left = this.leftOf(line) - time + charged;
    line.used = this.usedOf(line) + time;
    if (!this.options.isShared(key)) line.left = Math.max(line.left, -maxDebtAlone);
  }

  /** Whether the key has used more than its share, while others are active. */
  isOverdrawn(key: string): boolean {
    const line = this.lines.get(key);
    if (line === undefined) return false;
    return line.waiting > 0 || this.mustWait(key, line);
  }

  /** Whether the requests of a key are light, as far as is known. */
  isLight(key: string): boolean {
    return (this.lines.get(key)?.usual ?? 0) <= this.options.light;
  }

  get size(): number {
    return this.lines.size;
  }

  private async wait(key: string, line: Line): Promise<void> {
    const { maxWaiting, maxWait, beyond } = this.options;
    const wait = (line.waiting * line.usual - line.left) / this.shareOf(line);
    if (line.waiting >= maxWaiting || wait > maxWait) {
      if (beyond === 'pass') return;
      throw overdrawn(Math.min(wait, maxWait) / 1000);
    }
    line.waiting += 1;
    const mine = line.last.then(() => this.refilled(key, line));
    line.last = mine;
    try {
      await mine;
    } finally {
      line.waiting -= 1;
    }
  }

  private async refilled(key: string, line: Line): Promise<void> {
    while (this.mustWait(key, line)) await pause(Math.max(1, Math.min(100, -line.left / this.shareOf(line))));
  }

  /** Of apps with light requests only the one that used most waits: an app is not greedy beside one that takes more. */
  private mustWait(key: string, line: Line): boolean {
    if (this.leftOf(line) >= 0 || !this.options.isShared(key)) return false;
    if (line.usual > this.options.light) return true;
    const used = this.usedOf(line);
    for (const other of this.lines.values()) if (other !== line && this.usedOf(other) > used) return false;
    return true;
  }

  private usedOf(line: Line): number {
    const now = this.now();
    line.used *= Math.exp((line.usedAt - now) / rememberedFor);
    line.usedAt = now;
    return line.used;
  }

  private shareOf({ usual }: Line): number {
    const { share, light, leastShare } = this.options;
    const graded = usual <= light ? share : Math.max(leastShare, (share * light) / usual);
    return graded / (this.options.slowdown?.() ?? 1);
  }

  private leftOf(line: Line): number {
    const now = this.now();
    line.left = Math.min(this.options.burst, line.left + (now - line.at) * this.shareOf(line));
    line.at = now;
    return line.left;
  }

  private lineOf(key: string): Line {
    let line = this.lines.get(key);
    // At the end of the map are the lines that were used last.
    if (line) this.lines.delete(key);
    else {
      if (this.lines.size >= maxLines) this.forgetOldest();
      const { burst, usual } = this.options;
      const now = this.now();
      line = { left: burst, at: now, used: 0, usedAt: now, usual, last: Promise.resolve(), waiting: 0 };
    }
    this.lines.set(key, line);
    return line;
  }

  private forgetOldest(): void {
    for (const [key, line] of this.lines)
      if (line.waiting === 0) {
        this.lines.delete(key);
        return;
      }
  }
}

const overdrawn = (retryAfter: number) =>
  throttled(
    'This app uses more of the server than its share while other apps wait. Send fewer requests at a time, or ask for less at once.',
    retryAfter,
  );
