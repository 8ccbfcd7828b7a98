import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Logger } from 'pino';
import { tryAgain, invalidToken } from './refusal.js';

/** An unknown key id makes us look again, but not more often than this: anybody can send one. */
const shortestPause = 2000;
/** Requests that wait for the pause to end; a flood of unknown key ids is refused at once. */
const maxWaiting = 100;
/** After a failure: soon again when a token needs a key, and now and then without being asked. */
const pauseAfterFailure = 250;
const retryInterval = 2000;
const fetchTimeout = 3000;

const keySet = z.object({
  keys: z.array(z.looseObject({ kid: z.string(), kty: z.string(), use: z.string().optional() })),
});
type KeySet = z.infer<typeof keySet>;

export interface IssuerKeysOptions {
  issuer: string;
  jwksUrl: string;
  /** Asks as this service, and answers only what auth-server itself has signed. */
  fetch(url: string, init: { signal: AbortSignal; headers: Record<string, string> }): Promise<Response>;
  /** The environment's database, where the keys outlive a restart. */
  pool: Pool;
  /** Milliseconds after which the keys are fetched again: a key that was dropped is refused this soon. */
  maxAge: number;
  logger: Logger;
}

/**
 * The public keys of one issuer (RFC 7517), fetched in the background and when a token names a key that is not known.
 * What was fetched last serves while the issuer is away, also after a restart.
 */
export class IssuerKeys {
  private keys = new Map<string, KeyObject>();
  private fetching: Promise<void> | undefined;
  private waiting = 0;
  private lastFetch = 0;
  private reached = false;
  private timer: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly options: IssuerKeysOptions) {}

  /** Calls back after the set of keys has changed: what an old key vouched for has to be verified anew. */
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
   * The key a token is signed with.
   * @throws Refusal 401 when the issuer has no such key, 503 when the issuer cannot be asked
   */
  async find(kid: string | undefined): Promise<KeyObject> {
    const known = this.lookUp(kid);
    if (known) return known;
    // A fetch that is under way may have been answered before the key was published: it alone proves nothing.
    if (this.fetching) await this.fetching;
    if (!this.lookUp(kid)) await this.fetchForUnknown();
    const fetched = this.lookUp(kid);
    if (fetched) return fetched;
    if (!this.reached)
      throw tryAgain(
        `The keys of the issuer ${this.options.issuer} cannot be fetched now, so the token cannot be verified. Try again soon.`,
        5,
      );
    throw invalidToken(
      `The token is signed with a key that ${this.options.issuer} does not publish. Ask the token endpoint for a new token.`,
      'security',
    );
  }

  /** Fetches the keys, not before the pause after the last fetch has ended. */
  private async fetchForUnknown(): Promise<void> {
    const pause = this.reached ? shortestPause : pauseAfterFailure;
    const before = this.lastFetch;
    const left = before + pause - Date.now();
    if (this.fetching || left <= 0) return this.fetch();
    // The key may be newer than the last fetch. While the issuer is away nothing is gained by waiting.
    if (!this.reached || this.waiting >= maxWaiting) return;
    this.waiting += 1;
    try {
      await new Promise((resolve) => setTimeout(resolve, left));
      // By the fetch, not by the clock: a timer may ring a millisecond early.
      if (this.lastFetch === before) await this.fetch();
    } finally {
      this.waiting -= 1;
    }
  }

  private lookUp(kid: string | undefined): KeyObject | undefined {
    return kid === undefined ? undefined : this.keys.get(kid);
  }

  /** Never rejects: a failure leaves the keys as they are. */
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
      // Once per outage.
      if (this.reached || this.lastFetch === 0)
        logger.warn(`the issuer's keys could not be fetched from ${jwksUrl}: ${(error as Error).message}`);
      this.reached = false;
      this.retryLater();
    } finally {
      this.lastFetch = Date.now();
    }
  }

  private retryLater(): void {
    clearTimeout(this.retry);
    if (this.stopped) return;
    this.retry = setTimeout(() => void this.fetch(), retryInterval);
    this.retry.unref();
  }

  /** @returns whether the set differs from the one before */
  private use(set: KeySet): boolean {
    const signing = set.keys.filter((jwk) => jwk.kty === 'RSA' && (jwk.use ?? 'sig') === 'sig');
    const same = signing.length === this.keys.size && signing.every((jwk) => this.isKnown(jwk));
    if (same) return false;
    this.keys = new Map(
      signing.map((jwk) => [jwk.kid, createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })]),
    );
    for (const listener of this.listeners) listener();
    return true;
  }

  private isKnown(jwk: KeySet['keys'][number]): boolean {
    return this.keys.get(jwk.kid)?.export({ format: 'jwk' }).n === jwk.n;
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
