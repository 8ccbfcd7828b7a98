import { Problem } from '../http/problem.js';
import type { Quota } from './quotas.js';

/** The decision of the limits about one request. */
export interface RateLimitVerdict {
  isAllowed: boolean;
  /** Seconds until the request is allowed again; 0 when it is allowed now. */
  retryAfter: number;
  /**
   * Header fields for the answer (draft-ietf-httpapi-ratelimit-headers-10; `Retry-After` of RFC 9110
   * §10.2.3).
   */
  headers: Record<string, string>;
}

interface Counter {
  count: number;
  /** Milliseconds on the limiter's clock. */
  resetAt: number;
}

/**
 * Keys that one limiter stores. Beyond this number it drops the oldest, so clients cannot grow its memory.
 */
const maxKeys = 20_000;

/**
 * Counts requests per key (an address, an app, a developer) in the memory of this process, at some hundred
 * nanoseconds per request. Each replica counts on its own, so `n` replicas allow up to `n` times the quota
 * (decision 23).
 */
export class RateLimiter {
  private readonly counters = new Map<string, Counter[]>();

  /**
   * @param name of the policy in the header fields, such as `sign-up-per-address`
   * @param clock milliseconds of a monotonic clock
   */
  constructor(
    readonly name: string,
    readonly quotas: readonly Quota[],
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** Whether one more request fits into every quota of the key; does not count it. */
  hasRoom(key: string): boolean {
    const now = this.clock();
    return this.countersOf(key, now).every(({ count }, i) => count < this.quotas[i]!.requests);
  }

  count(key: string): void {
    for (const counter of this.countersOf(key, this.clock())) counter.count += 1;
  }

  /** @returns the seconds until the request is allowed again, and the items of the two header fields */
  describe(key: string): { retryAfter: number; policy: string[]; limit: string[] } {
    const now = this.clock();
    const counters = this.countersOf(key, now);
    const seconds = (at: number) => Math.max(1, Math.ceil((at - now) / 1000));
    const full = counters.filter(({ count }, i) => count >= this.quotas[i]!.requests);
    return {
      retryAfter: Math.max(0, ...full.map(({ resetAt }) => seconds(resetAt))),
      policy: this.quotas.map(({ requests, window }) => `"${this.name}-${window}";q=${requests};w=${window}`),
      limit: counters.map(({ count, resetAt }, i) => {
        const { requests, window } = this.quotas[i]!;
        return `"${this.name}-${window}";r=${Math.max(0, requests - count)};t=${seconds(resetAt)}`;
      }),
    };
  }

  get size(): number {
    return this.counters.size;
  }

  private countersOf(key: string, now: number): Counter[] {
    let counters = this.counters.get(key);
    if (!counters) {
      if (this.counters.size >= maxKeys) this.counters.delete(this.counters.keys().next().value!);
      counters = this.quotas.map(({ window }) => ({ count: 0, resetAt: now + window * 1000 }));
      this.counters.set(key, counters);
    }
    for (const [i, counter] of counters.entries())
      if (counter.resetAt <= now) {
        counter.count = 0;
        counter.resetAt = now + this.quotas[i]!.window * 1000;
      }
    return counters;
  }
}

/** Counts a request in all of the limits, or in none when one is used up. */
export function takeAll(limits: readonly (readonly [RateLimiter, string])[]): RateLimitVerdict {
  const isAllowed = limits.every(([limiter, key]) => limiter.hasRoom(key));
  if (isAllowed) for (const [limiter, key] of limits) limiter.count(key);
  const described = limits.map(([limiter, key]) => limiter.describe(key));
  const retryAfter = isAllowed ? 0 : Math.max(1, ...described.map((each) => each.retryAfter));
  return {
    isAllowed,
    retryAfter,
    headers: {
      'ratelimit-policy': described.flatMap(({ policy }) => policy).join(', '),
      ratelimit: described.flatMap(({ limit }) => limit).join(', '),
      ...(isAllowed ? {} : { 'retry-after': String(retryAfter) }),
    },
  };
}

/** 429 (RFC 6585 §4); the answer carries {@link RateLimitVerdict.headers}. */
export class TooManyRequests extends Problem {
  constructor(
    readonly verdict: RateLimitVerdict,
    what: string,
  ) {
    super(
      429,
      'too_many_requests',
      `Too many ${what}; try again in ${verdict.retryAfter} second${verdict.retryAfter === 1 ? '' : 's'}.`,
    );
  }
}
