import { setTimeout as pause } from 'node:timers/promises';
import { throttled } from './throttled.js';

export interface TimeShareOptions {
  /** Part of the time that a key with light requests gets while other keys are active. */
  share: number;
  /**
   * Longest duration of a light request, in milliseconds. A key whose requests take twice as long gets half
   * the share. With 0, each key has its share regardless of the use of other keys.
   */
  light: number;
  /** Smallest part of the time that a key gets, however long its requests take. */
  leastShare: number;
  /** Milliseconds that a key may use at once. */
  burst: number;
  /** Assumed milliseconds of a request of an unknown key. */
  usual: number;
  /** The most requests of one key that wait at the same time. */
  maxWaiting: number;
  /** Longest wait of a request, in milliseconds. */
  maxWait: number;
  /** Whether a request beyond `maxWaiting` is refused or passes without waiting. */
  beyond: 'refuse' | 'pass';
  /** Whether another key is active. */
  isShared: (key: string) => boolean;
  /** Requests of the key that run or wait now. A key with many heavy ones waits although others use more. */
  inProgress?: (key: string) => number;
  /**
   * Milliseconds over which the use of all keys is averaged. While it is below the share of a key, with the
   * next request of the key, the key does not wait: nobody needs the time. When absent, a key waits for
   * its share in any case.
   */
  calmOver?: number;
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
  /** Requests of this key that have ended. */
  ended: number;
  /** Milliseconds that the key used lately. Older use decays. */
  used: number;
  usedAt: number;
  /** Resolves when the previous request has had its turn. */
  last: Promise<unknown>;
  waiting: number;
}

/** The most milliseconds of debt that a key keeps from a time in which nobody else needed its time. */
const maxDebtAlone = 50;
/** The most milliseconds until a waiting key looks again whether the others still need the time. */
const lookAgain = 20;
/** Weight of the newest request in the moving average `usual`. */
const newest = 0.2;
/**
 * Most times of the average that one of a key's first requests counts there. The first request takes long in
 * a process that has just started, and says nothing about the next one.
 */
const mostTimes = 8;
/** Times the use of a key with heavy requests that another key must have used to be the greedy one. */
const muchMore = 1.5;
/** The most requests in progress of a key that sends few at once. */
const few = 3;
/** Ended requests from which a key is known. */
const fewEnded = 4;
/** Milliseconds after which about a third (1/e) of a key's use still counts. */
const rememberedFor = 1000;
/** The most keys in memory. Beyond this number the least recently used key is dropped. */
const maxLines = 1000;

/**
 * Shares time that several apps need: the time of the one thread, or of the database. Running work cannot be
 * interrupted. So an app beyond its share waits before its next request while other apps are active, one
 * request after the other. A request is charged its usual time when it begins. Otherwise forty requests would
 * begin before the first one is charged.
 */
export class TimeShare {
  private readonly lines = new Map<string, Line>();
  /** Milliseconds that all keys used lately, decaying over `calmOver`. */
  private readonly recent = { used: 0, at: 0 };

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
    const charge = () => {
      const charged = expected ?? line.usual;
      this.spend(line, charged);
      return charged;
    };
    if (line.waiting > 0 || this.mustWait(key, line)) return this.wait(key, line, charge);
    return charge();
  }

  /**
   * Refuses a request that would wait for too long.
   * @param ahead requests of the key that wait before this one
   * @throws Refusal 429
   */
  admit(key: string, ahead: number): void {
    const line = this.lineOf(key);
    const { maxWaiting, maxWait, isShared } = this.options;
    if (ahead === 0 || !isShared(key)) return;
    const wait = this.waitOf(line, ahead);
    if (ahead >= maxWaiting || (wait > maxWait && this.mustWait(key, line)))
      throw overdrawn(Math.min(wait, maxWait) / 1000);
  }

  /**
   * @param time milliseconds that a request took
   * @param charged milliseconds that its turn has charged
   */
  charge(key: string, time: number, charged = 0): void {
    const line = this.lineOf(key);
    const most = line.ended < fewEnded ? mostTimes * Math.max(1, line.usual) : Infinity;
    line.usual += (Math.min(time, most) - line.usual) * newest;
    line.ended += 1;
    this.settle(key, line, time - charged);
  }

  /**
   * Charges time that is no request of the key, or gives back time that another key pays. The usual time of a
   * request stays.
   * @param time milliseconds; negative to give back
   */
  correct(key: string, time: number): void {
    this.settle(key, this.lineOf(key), time);
  }

  /** Whether the key has used more than its share while other keys are active. */
  isOverdrawn(key: string): boolean {
    const line = this.lines.get(key);
    if (line === undefined) return false;
    return line.waiting > 0 || this.mustWait(key, line);
  }

  /** Whether the requests of a key are light. An unknown key has no light requests. */
  isLight(key: string): boolean {
    const line = this.lines.get(key);
    return line !== undefined && line.ended >= fewEnded && line.usual <= this.options.light;
  }

  get size(): number {
    return this.lines.size;
  }

  /** @param charge is called at once when the turn comes, so that the next in line sees what is left */
  private async wait(key: string, line: Line, charge: () => number): Promise<number> {
    const { maxWaiting, maxWait, beyond } = this.options;
    const wait = this.waitOf(line, line.waiting);
    if (line.waiting >= maxWaiting || wait > maxWait) {
      if (beyond === 'pass') return charge();
      throw overdrawn(Math.min(wait, maxWait) / 1000);
    }
    line.waiting += 1;
    const mine = line.last.then(() => this.refilled(key, line)).then(charge);
    line.last = mine;
    try {
      return await mine;
    } finally {
      line.waiting -= 1;
    }
  }

  /** @param time milliseconds; negative to give back */
  private spend(line: Line, time: number): void {
    line.left = Math.min(this.options.burst, this.leftOf(line) - time);
    line.used = Math.max(0, this.usedOf(line) + time);
    this.recent.used = Math.max(0, this.recentlyUsed() + time);
  }

  /** Spends time, and forgives debt of which nobody feels anything. */
  private settle(key: string, line: Line, time: number): void {
    this.spend(line, time);
    if (this.isFree(key, line)) line.left = Math.max(line.left, -maxDebtAlone);
  }

  /** Milliseconds until a request has its turn that comes behind others of its key. */
  private waitOf(line: Line, ahead: number): number {
    return (ahead * line.usual - line.left) / this.shareOf(line);
  }

  private async refilled(key: string, line: Line): Promise<void> {
    const longest = this.options.calmOver === undefined ? 100 : lookAgain;
    while (this.mustWait(key, line))
      await pause(Math.max(1, Math.min(longest, -line.left / this.shareOf(line))));
  }

  /**
   * A key beyond its share waits, except when another key has used more: the other is the greedy one. Light
   * requests are compared by their time. Heavy requests are compared by their time in relation to the share
   * of their key, and a key that sends many at once is always limited: of several greedy keys only one
   * would wait.
   */
  private mustWait(key: string, line: Line): boolean {
    if (this.leftOf(line) >= 0 || this.isFree(key, line)) return false;
    const { light, inProgress } = this.options;
    const isHeavy = line.usual > light;
    if (light === 0 || (isHeavy && inProgress && inProgress(key) > few)) return true;
    const use = (one: Line) => (isHeavy ? this.usedOf(one) / this.shareOf(one) : this.usedOf(one));
    const used = use(line);
    const more = isHeavy ? muchMore * used : used;
    // `used` of a line that nobody asked for is too high, never too low: most lines need no further look.
    const least = isHeavy ? (more * this.options.leastShare) / (this.options.slowdown?.() ?? 1) : more;
    for (const other of this.lines.values())
      if (other.used > least && other !== line && use(other) > more) return false;
    return true;
  }

  /** Whether no other key needs the time. */
  private isFree(key: string, line: Line): boolean {
    const { calmOver = 0, isShared } = this.options;
    return !isShared(key) || this.recentlyUsed() + line.usual < calmOver * this.shareOf(line);
  }

  private recentlyUsed(): number {
    const { recent, options, now } = this;
    if (options.calmOver === undefined) return 0;
    const at = now();
    recent.used *= Math.exp((recent.at - at) / options.calmOver);
    recent.at = at;
    return recent.used;
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
      line = {
        left: burst,
        at: now,
        used: 0,
        usedAt: now,
        usual,
        ended: 0,
        last: Promise.resolve(),
        waiting: 0,
      };
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
