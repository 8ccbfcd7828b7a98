import { BoundedCache } from '@payer/service';
import type { Environment } from '@payer/smart';
import { Counter, register } from 'prom-client';

const requestTimeout = 2000;
/** Milliseconds without a request to `consent` after a failure. */
const failurePause = 1000;
/** Grants of one generation of the cache. */
const capacity = 10_000;

export interface GrantStatusOptions {
  /** Internal URL of `consent`. */
  consentUrl: string;
  /** Calls with this service's identity, and accepts only answers that `consent` has signed. */
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
  /** Seconds for which an answer is valid. */
  cacheSeconds: number;
}

/** `consent` gave no usable answer. */
export class GrantStatusUnavailable extends Error {}

/** Consent's answer about a grant. */
export interface GrantAnswer {
  isLive: boolean;
  /** End of the answer's validity, in milliseconds on the clock of {@link performance}. */
  until: number;
}

/**
 * Asks `consent` whether a grant is live, for some time after a restore of its database. An answer is cached
 * for seconds. Concurrent requests for a grant share one call. A short pause follows each failure, so that a
 * failing service gets no additional load.
 */
export class GrantStatus {
  private readonly answers = new BoundedCache<string, GrantAnswer>(capacity);
  private readonly pending = new Map<string, Promise<GrantAnswer>>();
  private failedUntil = -Infinity;
  private readonly asked: Counter<'outcome'>;

  constructor(
    private readonly options: GrantStatusOptions,
    private readonly now: () => number = Date.now,
    /** Milliseconds on a monotonic clock. */
    private readonly elapsed: () => number = () => performance.now(),
  ) {
    register.removeSingleMetric('grant_status_requests_total');
    this.asked = new Counter({
      name: 'grant_status_requests_total',
      help: 'Questions to consent about one grant, because its database was restored not long ago',
      labelNames: ['outcome'],
    });
    // Start at 0: an alarm looks at the increase, and a series that begins with 1 shows none.
    for (const outcome of ['live', 'ended', 'unavailable']) this.asked.inc({ outcome }, 0);
  }

  /** Whether consent confirmed the grant, and its answer is still valid. */
  isConfirmed(environment: Environment, grantId: string): boolean {
    const known = this.answers.get(keyOf(environment, grantId));
    return known !== undefined && known.isLive && known.until > this.elapsed();
  }

  /** @throws GrantStatusUnavailable */
  ask(environment: Environment, grantId: string): Promise<GrantAnswer> {
    const key = keyOf(environment, grantId);
    const known = this.answers.get(key);
    if (known && known.until > this.elapsed()) return Promise.resolve(known);
    const pending = this.pending.get(key);
    if (pending) return pending;
    if (this.failedUntil > this.elapsed()) return Promise.reject(new GrantStatusUnavailable('asked in vain'));
    const answer = this.request(environment, grantId, key).finally(() => this.pending.delete(key));
    this.pending.set(key, answer);
    return answer;
  }

  private async request(environment: Environment, grantId: string, key: string): Promise<GrantAnswer> {
    // The answer may be as old as the start of the call.
    const until = this.elapsed() + this.options.cacheSeconds * 1000;
    try {
      const url = `${this.options.consentUrl}/${environment}/internal/grants/${encodeURIComponent(grantId)}`;
      const response = await this.options.fetch(url, { signal: AbortSignal.timeout(requestTimeout) });
      if (response.status !== 200 && response.status !== 404)
        throw new Error(`consent answered ${response.status}`);
      const grant = (await response.json()) as { status?: string; expires_at?: string };
      const isLive =
        response.status === 200 &&
        grant.status === 'active' &&
        Date.parse(grant.expires_at ?? '') > this.now();
      const answer = { isLive, until };
      this.answers.set(key, answer);
      this.asked.inc({ outcome: isLive ? 'live' : 'ended' });
      return answer;
    } catch (error) {
      this.failedUntil = this.elapsed() + failurePause;
      this.asked.inc({ outcome: 'unavailable' });
      throw new GrantStatusUnavailable((error as Error).message);
    }
  }
}

const keyOf = (environment: Environment, grantId: string) => `${environment}:${grantId}`;
