import type { Environment } from '@payer/smart';
import { Counter, register } from 'prom-client';

const requestTimeout = 2000;
/** Milliseconds in which `consent` is not asked again after it failed to answer. */
const failurePause = 1000;
/** Grants remembered at most. */
const capacity = 20_000;

export interface GrantStatusOptions {
  /** Where `consent` answers from here. */
  consentUrl: string;
  /** Asks `consent` as this service, and answers only what `consent` itself has said. */
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
  /** How long an answer is relied on, in seconds. */
  cacheSeconds: number;
}

/** `consent` gave no answer that can be relied on. */
export class GrantStatusUnavailable extends Error {}

/** Consent's word about a grant. */
export interface GrantAnswer {
  isLive: boolean;
  /** Milliseconds on the clock of {@link performance}: how long the answer is relied on. */
  until: number;
}

/**
 * Asks `consent` whether a grant lives, for the time after a restore of its database. An answer is kept for seconds;
 * requests for the same grant share one question; after a failure there is a short pause, so that a service in trouble is
 * left alone.
 */
export class GrantStatus {
  private readonly answers = new Map<string, GrantAnswer>();
  private readonly pending = new Map<string, Promise<GrantAnswer>>();
  private failedUntil = -Infinity;
  private readonly asked: Counter<'outcome'>;

  constructor(
    private readonly options: GrantStatusOptions,
    private readonly now: () => number = Date.now,
    /** Milliseconds on a clock that nobody sets. */
    private readonly elapsed: () => number = () => performance.now(),
  ) {
    register.removeSingleMetric('grant_status_requests_total');
    this.asked = new Counter({
      name: 'grant_status_requests_total',
      help: 'Questions to consent about one grant, because its database was restored not long ago',
      labelNames: ['outcome'],
    });
    // From 0 on: an alarm looks at the increase, which a series that begins with 1 does not show.
    for (const outcome of ['live', 'ended', 'unavailable']) this.asked.inc({ outcome }, 0);
  }

  /** @throws GrantStatusUnavailable */
  ask(environment: Environment, grantId: string): Promise<GrantAnswer> {
    const key = `${environment}:${grantId}`;
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
    // The answer may be as old as the question.
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
      this.answers.delete(key);
      if (this.answers.size >= capacity) this.answers.delete(this.answers.keys().next().value!);
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
