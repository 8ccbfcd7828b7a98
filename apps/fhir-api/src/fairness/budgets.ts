import { rateLimit, rateLimitPolicy } from '@payer/service';
import { throttled } from './throttled.js';

/** What an app may use in a minute, on each replica. */
export interface Budget {
  requests: number;
  /** Resources in answers. */
  resources: number;
  /** Milliseconds of work: of the database and of this process. Kept to only while other apps are active. */
  time: number;
}

/** What a request has used. */
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
/** Apps whose use is remembered; of more the one that was idle for longest is forgotten, which is in its favour. */
const maxApps = 10_000;

interface Bucket {
  /** What is left of each budget; below nothing when the last requests used more than was left. */
  left: Budget;
  at: number;
}

/** The second line of fairness: a token bucket for each app, charged with what its requests really used. */
export class Budgets {
  private readonly buckets = new Map<string, Bucket>();
  private readonly policy: string;

  /** @param now milliseconds on a clock that nobody sets */
  constructor(
    private readonly budget: Budget,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.policy = rateLimitPolicy(
      kinds.map((name) => ({ name, limit: budget[name], window, unit: units[name] })),
    );
  }

  /**
   * Lets an app ask while something is left of its budgets.
   * @param isShared whether other apps are active: else nobody waits for the time that this one uses
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

  /** `RateLimit-Policy`, and in `RateLimit` the budget that is closest to its end. */
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

  /** Filled up to now. */
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
