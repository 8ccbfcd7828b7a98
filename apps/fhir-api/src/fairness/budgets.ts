import { rateLimit, rateLimitPolicy } from '@payer/service';
import { throttled } from './throttled.js';

/** Limits of one app per minute, on each replica. */
export interface Budget {
  requests: number;
  /** Resources in answers. */
  resources: number;
  /** Milliseconds of work of the database and of this process. Applies only while other apps are active. */
  time: number;
}

/** The consumption of a request. */
export type Usage = Budget;

type Kind = keyof Budget;

const kinds: readonly Kind[] = ['requests', 'resources', 'time'];
/** Seconds. */
const window = 60;
const units: Record<Kind, string | undefined> = {
  requests: undefined,
  resources: 'resources',
  time: 'milliseconds',
};
/**
 * Most apps in memory. Beyond this number the app with the longest idle time is dropped, which resets its
 * budget.
 */
const maxApps = 10_000;

interface Bucket {
  /** The rest of each budget. Negative when the last requests used more than the rest. */
  left: Budget;
  at: number;
}

/**
 * The second level of fairness: a token bucket for each app, charged with the measured use of its requests.
 */
export class Budgets {
  private readonly buckets = new Map<string, Bucket>();
  private readonly policy: string;

  /** @param now milliseconds on a monotonic clock */
  constructor(
    private readonly budget: Budget,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.policy = rateLimitPolicy(
      kinds.map((name) => ({ name, limit: budget[name], window, unit: units[name] })),
    );
  }

  /**
   * Admits a request while every budget of the app has something left.
   * @param isShared whether other apps are active; otherwise the time budget does not apply
   * @throws Refusal 429 with `RateLimit` and `Retry-After`
   */
  admit(app: string, isShared: boolean): void {
    const { left } = this.bucketOf(app);
    const spent = kinds.find((kind) => left[kind] < 0 && (kind !== 'time' || isShared));
    if (spent === undefined) return;
    const seconds = (-left[spent] / this.budget[spent]) * window;
    const used: Record<Kind, string> = {
      requests: `may send ${this.budget.requests} requests`,
      resources: `may be sent ${this.budget.resources} resources`,
      time: `may use ${this.budget.time} milliseconds of work while other apps wait`,
    };
    throw throttled(
      `An app ${used[spent]} in ${window} seconds, and this one has. Go on after the time in Retry-After, and ask for less at once.`,
      seconds,
      this.headers(app),
    );
  }

  charge(app: string, usage: Usage): void {
    const { left } = this.bucketOf(app);
    for (const kind of kinds) left[kind] -= usage[kind];
  }

  /** `RateLimit-Policy`, and `RateLimit` with the budget that is closest to exhaustion. */
  headers(app: string): Record<string, string> {
    const { left } = this.bucketOf(app);
    let scarcest: Kind = 'requests';
    for (const kind of kinds)
      if (left[kind] / this.budget[kind] < left[scarcest] / this.budget[scarcest]) scarcest = kind;
    const reset = (1 - left[scarcest] / this.budget[scarcest]) * window;
    return { 'ratelimit-policy': this.policy, ratelimit: rateLimit(scarcest, left[scarcest], reset) };
  }

  get size(): number {
    return this.buckets.size;
  }

  /** The bucket, refilled until now. */
  private bucketOf(app: string): Bucket {
    const now = this.now();
    let bucket = this.buckets.get(app);
    if (bucket) {
      const part = (now - bucket.at) / 1000 / window;
      for (const kind of kinds)
        bucket.left[kind] = Math.min(this.budget[kind], bucket.left[kind] + part * this.budget[kind]);
      bucket.at = now;
      return bucket;
    }
    if (this.buckets.size >= maxApps) this.buckets.delete(this.idlest());
    bucket = { left: { ...this.budget }, at: now };
    this.buckets.set(app, bucket);
    return bucket;
  }

  private idlest(): string {
    let found = '';
    let at = Infinity;
    for (const [app, bucket] of this.buckets) if (bucket.at < at) [found, at] = [app, bucket.at];
    return found;
  }
}
