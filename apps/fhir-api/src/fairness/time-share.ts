import { setTimeout as pause } from 'node:timers/promises';
import { throttled } from './throttled.js';

export interface TimeShareOptions {
  /** Part of the time that a key with light requests gets while other keys are active. */
  share: number;
  /**
   * Longest duration of a light request, in milliseconds. A key whose requests take twice as long gets half
   * the share.
   */
  light: number;
  /** Smallest part of the time that a key gets, however long its requests take. */
  leastShare: number;
  /** Milliseconds that a key may use at once. */
  burst: number;
  /** Assumed milliseconds of a request of an unknown key. */
  usual: number;
  /** Most requests of one key that wait at the same time. */
  maxWaiting: number;
  /** Longest wait of a request, in milliseconds. */
  maxWait: number;
  /** Whether a request beyond `maxWaiting` is refused or passes without waiting. */
  beyond: 'refuse' | 'pass';
  /** Whether another key is active. */
  isShared: (key: string) => boolean;
  /**
   * Ratio of clock time to charged time. A share is a part of the processor time that this process really
   * gets.
   */
  slowdown?: () => number;
}

interface Line {
  /** Milliseconds that the key may use now. Negative after it has used more than its share. */
  left: number;
  at: number;
  /** Milliseconds that a request of this key usually takes. */
  usual: number;
  /** Milliseconds that the key used lately. Older use decays. */
  used: number;
  usedAt: number;
  /** Resolves when the previous request has had its turn. */
  last: Promise<void>;
  waiting: number;
}

/** Most milliseconds of debt that a key keeps from the time in which it was alone. */
const maxDebtAlone = 50;
/** Weight of the newest request in the moving average `usual`. */
const newest = 0.2;
/** Milliseconds after which about a third (1/e) of a key's use still counts. */
const rememberedFor = 1000;
/** Most keys in memory. Beyond this number the least recently used key is dropped. */
const maxLines = 1000;

/**
 * Shares time that several apps need: the time of the one thread, or of the database. Running work cannot be
 * interrupted. So an app beyond its share waits before its next request while other apps are active, one
 * request after the other. A request is charged its usual time when it begins. Otherwise forty requests would
 * begin before the first one is charged.
 */
export class TimeShare {
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly options: TimeShareOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Waits until the key may use more time. A key that is alone does not wait.
   * @param expected milliseconds of this request, if the caller has a better estimate than the average of the
   * key
   * @returns milliseconds that are already charged, for {@link charge}
   * @throws Refusal 429 when too many requests of the key wait, or when the wait would be too long
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

  /**
   * Charges time that is no request of the key, or gives back time that another key pays. The usual time of a
   * request stays.
   * @param time milliseconds; negative to give back
   */
  correct(key: string, time: number): void {
    const line = this.lineOf(key);
    line.left = Math.min(this.options.burst, this.leftOf(line) - time);
    line.used = Math.max(0, this.usedOf(line) + time);
    if (!this.options.isShared(key)) line.left = Math.max(line.left, -maxDebtAlone);
  }

  /** Whether the key has used more than its share while other keys are active. */
  isOverdrawn(key: string): boolean {
    const line = this.lines.get(key);
    if (line === undefined) return false;
    return line.waiting > 0 || this.mustWait(key, line);
  }

  /** Whether the requests of a key are light. An unknown key counts as light. */
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

  /** Among apps with light requests only the heaviest user waits. An app that uses less is not greedy. */
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
    // A map keeps insertion order. Deleting and setting moves the line to the end, so the first line is the
    // oldest.
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
