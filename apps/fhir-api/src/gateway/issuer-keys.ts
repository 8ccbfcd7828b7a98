import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Logger } from 'pino';
import { invalidToken, tryAgain, type Refusal } from './refusal.js';

/**
 * Milliseconds between two fetches. A token with an unknown key id causes a fetch, and anybody can send one.
 */
const shortestPause = 2000;
/** The most requests that wait for the pause to end. Beyond it, an unknown key id is refused at once. */
const maxWaiting = 100;
/** Pauses after a failed fetch: before the fetch that a token causes, and between retries by the clock. */
const pauseAfterFailure = 250;
const retryInterval = 2000;
const fetchTimeout = 3000;

/** Types of the keys of RS256 and ES256 (RFC 7518 §6.1). Access tokens have no other algorithm. */
const keyTypes: ReadonlySet<string> = new Set(['RSA', 'EC']);

const keySet = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), use: z.string().optional() })),
});
type KeySet = z.infer<typeof keySet>;

export interface IssuerKeysOptions {
  issuer: string;
  jwksUrl: string;
  /** Calls with this service's identity, and accepts only answers that auth-server has signed. */
  fetch(url: string, init: { signal: AbortSignal; headers: Record<string, string> }): Promise<Response>;
  /** The environment's database, where the keys outlive a restart. */
  pool: Pool;
  /** Milliseconds after which the keys are fetched again. A removed key is refused at the latest then. */
  maxAge: number;
  logger: Logger;
}

/**
 * Holds the public keys of one issuer (RFC 7517). Fetches them in the background, and when a token names an
 * unknown key. While the issuer is unavailable, the keys of the last fetch serve, also after a restart.
 */
export class IssuerKeys {
  private keys = new Map<string, KeyObject>();
  private fetching: Promise<void> | undefined;
  private waiting = 0;
  /** Time of the last fetch by a clock that nobody sets, in milliseconds. */
  private lastFetch = -Infinity;
  private reached = false;
  private timer: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly options: IssuerKeysOptions) {}

  /** Calls back after the keys have changed: every cached token must be verified again. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  async start(): Promise<void> {
    await this.restore();
    void this.fetch();
    this.timer = setInterval(() => void this.fetch(), this.options.maxAge);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    await this.fetching;
  }

  /**
   * Returns the key that signed a token.
   * @throws Refusal 401 when the issuer has no such key, 503 when the issuer is unavailable
   */
  async find(kid: string | undefined): Promise<KeyObject> {
    const known = this.lookUp(kid);
    if (known) return known;
    // A fetch under way may have been answered before the key was published, so it proves nothing.
    if (this.fetching) await this.fetching;
    if (!this.lookUp(kid)) await this.fetchForUnknown();
    const fetched = this.lookUp(kid);
    if (fetched) return fetched;
    if (!this.reached)
      throw tryAgain(
        `The keys of the issuer ${this.options.issuer} cannot be fetched now, so the token cannot be verified. Try again soon.`,
        5,
      );
    throw this.unknownKey();
  }

  /** The refusal of a token whose key the issuer does not publish, or no longer. */
  unknownKey(): Refusal {
    return invalidToken(
      `The token is signed with a key that ${this.options.issuer} does not publish. Ask the token endpoint for a new token.`,
      'security',
    );
  }

  /** Fetches the keys, but not before the pause after the last fetch has ended. */
  private async fetchForUnknown(): Promise<void> {
    const pause = this.reached ? shortestPause : pauseAfterFailure;
    const before = this.lastFetch;
    const left = before + pause - performance.now();
    if (this.fetching || left <= 0) return this.fetch();
    // The key may be newer than the last fetch. While the issuer is unavailable, waiting does not help.
    if (!this.reached || this.waiting >= maxWaiting) return;
    this.waiting += 1;
    try {
      await new Promise((resolve) => setTimeout(resolve, left));
      // Compares fetches instead of times, because a timer may fire a millisecond early.
      if (this.lastFetch === before) await this.fetch();
    } finally {
      this.waiting -= 1;
    }
  }

  /** Whether the issuer publishes a key. */
  has(kid: string): boolean {
    return this.keys.has(kid);
  }

  private lookUp(kid: string | undefined): KeyObject | undefined {
    return kid === undefined ? undefined : this.keys.get(kid);
  }

  /** Never rejects. A failure leaves the keys unchanged. */
  private fetch(): Promise<void> {
    this.fetching ??= this.fetchOnce().finally(() => (this.fetching = undefined));
    return this.fetching;
  }

  private async fetchOnce(): Promise<void> {
    const { jwksUrl, logger } = this.options;
    try {
      const response = await this.options.fetch(jwksUrl, {
        signal: AbortSignal.timeout(fetchTimeout),
        headers: { accept: 'application/jwk-set+json, application/json' },
      });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      const set = keySet.parse(await response.json());
      this.reached = true;
      if (this.use(set)) await this.keep(set);
    } catch (error) {
      // Logs once per outage.
      if (this.reached || this.lastFetch === -Infinity)
        logger.warn(`the issuer's keys could not be fetched from ${jwksUrl}: ${(error as Error).message}`);
      this.reached = false;
      this.retryLater();
    } finally {
      this.lastFetch = performance.now();
    }
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    if (this.stopped) return;
    this.retry = setTimeout(() => void this.fetch(), retryInterval);
    this.retry.unref();
  }

  /** @returns whether the set differs from the previous one */
  private use(set: KeySet): boolean {
    const signing = set.keys.filter((jwk) => keyTypes.has(jwk.kty) && (jwk.use ?? 'sig') === 'sig');
    const same = signing.length === this.keys.size && signing.every((jwk) => this.isKnown(jwk));
    if (same) return false;
    this.keys = new Map(
      signing.map((jwk) => [jwk.kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })]),
    );
    for (const listener of this.listeners) listener();
    return true;
  }

  private isKnown(jwk: KeySet['keys'][number]): boolean {
    const known = this.keys.get(jwk.kid)?.export({ format: 'jwk' });
    return known !== undefined && known.n === jwk.n && known.x === jwk.x && known.y === jwk.y;
  }

  private async restore(): Promise<void> {
    const { issuer, pool, logger } = this.options;
    try {
      const { rows } = await pool.query<{ jwks: unknown }>('SELECT jwks FROM issuer_jwks WHERE issuer = $1', [
        issuer,
      ]);
      if (rows[0]) this.use(keySet.parse(rows[0].jwks));
    } catch (error) {
      logger.warn(`the kept keys of ${issuer} could not be read: ${(error as Error).message}`);
    }
  }

  private async keep(set: KeySet): Promise<void> {
    const { issuer, pool, logger } = this.options;
    try {
      await pool.query(
        `INSERT INTO issuer_jwks (issuer, jwks) VALUES ($1, $2)
         ON CONFLICT (issuer) DO UPDATE SET jwks = excluded.jwks, fetched_at = now()`,
        [issuer, JSON.stringify(set)],
      );
    } catch (error) {
      logger.warn(`the keys of ${issuer} could not be kept: ${(error as Error).message}`);
    }
  }
}
