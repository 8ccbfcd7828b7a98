import { createHmac, randomBytes } from 'node:crypto';
import { networkOf, RateLimiter, takeAll, type Quota, type RateLimitVerdict } from '@payer/service';
import { throttled } from './throttled.js';

/**
 * Limits the requests without a token of each address. Nothing is kept about who asked: memory holds no
 * address, but a digest with a key that this process never writes. The number of digests is bounded.
 */
export class AddressLimit {
  private readonly limiter: RateLimiter;
  private readonly key = randomBytes(32);

  /** @param clock milliseconds of a monotonic clock */
  constructor(quotas: readonly Quota[], clock?: () => number) {
    this.limiter = new RateLimiter('directory-per-address', quotas, clock);
  }

  /**
   * Counts a request.
   * @param address of the client, as the trusted proxies report it
   * @returns the decision with its header fields, and a name of the address that nobody can read back
   */
  take(address: string): RateLimitVerdict & { caller: string } {
    const caller = createHmac('sha256', this.key).update(networkOf(address)).digest('base64url').slice(0, 22);
    return { ...takeAll([[this.limiter, caller]]), caller };
  }

  get size(): number {
    return this.limiter.size;
  }
}

/** 429 for an address that has used up its quota. */
export const tooManyFromAddress = ({ retryAfter, headers }: RateLimitVerdict) =>
  throttled(
    'Your network has sent as many requests without a token as it may. Go on after the time in Retry-After, ask for larger pages (_count), or read the whole directory as files ($bulk-publish), where this server offers them.',
    retryAfter,
    headers,
  );
