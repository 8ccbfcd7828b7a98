import { BoundedCache } from '@payer/service';
import {
  accessTokenLifetime,
  authServerMaxStaleness,
  type Environment,
  type GrantEnd,
  type GrantState,
  type TokenRevocation,
} from '@payer/smart';
import { FingerprintTable } from './fingerprint-table.js';
import { fingerprint, revocationKey } from './fingerprint.js';

/** Every token, whenever issued. */
const always = 0xffff_ffff;
/** Seconds per window. The revocations of a window are dropped together. */
const windowLength = 3600;
/** Seconds by which the clocks of machines may differ. */
const clockDifference = 3600;
/**
 * Shortest time in seconds that a revocation stays in memory after its arrival. An `auth-server` that did not
 * know the revocation may still have issued a token, and this token must have expired. The time does not
 * count from the revocation itself, because `auth-server` issues tokens until it knows the revocation.
 */
export const revocationMemory = authServerMaxStaleness + accessTokenLifetime + clockDifference;

/** Ends of grants whose cause is remembered. No decision depends on it. */
const rememberedEnds = 10_000;

/** The fields of a token that revocations refer to. */
export interface RevocableToken {
  readonly grantFingerprint: Uint32Array | undefined;
  readonly tokenFingerprint: Uint32Array;
  readonly environmentFingerprint: Uint32Array;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** The result of comparing a token with the revocations. */
interface Comparison {
  /** Number of revocations that were known. */
  known: number;
  isRevoked: boolean;
}

/**
 * Holds in memory the revocations whose tokens may not have expired yet. Each window of expiry times has its
 * own table, so that forgetting means dropping a table.
 */
export class Revocations {
  private readonly windows = new Map<number, FingerprintTable>();
  private readonly comparisons = new WeakMap<RevocableToken, Comparison>();
  private readonly ends = new BoundedCache<string, GrantEnd>(rememberedEnds);
  private known = 0;

  /** @param elapsed milliseconds on a monotonic clock */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** Refuses all tokens of a revoked grant. */
  revokeGrant(grant: GrantState): void {
    if (grant.status !== 'revoked') return;
    const key = revocationKey.grant(grant.environment, grant.grant_id);
    this.noteEnd(key, grant.revoked_reason ?? 'platform');
    this.add(key, always);
  }

  /**
   * Refuses one token, or the tokens of a grant or of the whole environment that were issued until an
   * instant.
   */
  revokeTokens({ environment, jti, grant_id, issued_before, ends_grant, reason }: TokenRevocation): void {
    if (jti !== null) return this.add(revocationKey.token(environment, jti), always);
    if (grant_id !== null) this.noteEnd(revocationKey.grant(environment, grant_id), reason);
    // A grant that has ended has no valid token, also when the issuer's clock was ahead.
    const issuedUpTo =
      issued_before === null || (ends_grant && grant_id !== null)
        ? always
        : Math.floor(Date.parse(issued_before) / 1000);
    this.add(
      grant_id === null ? revocationKey.everyToken(environment) : revocationKey.grant(environment, grant_id),
      issuedUpTo,
    );
  }

  /** Compares a token again only if a revocation has arrived since the last comparison. */
  isRevoked(token: RevocableToken): boolean {
    const last = this.comparisons.get(token);
    if (last && (last.known === this.known || last.isRevoked)) return last.isRevoked;
    const isRevoked =
      this.covers(token.tokenFingerprint, token.issuedAt) ||
      this.covers(token.environmentFingerprint, token.issuedAt) ||
      (token.grantFingerprint !== undefined && this.covers(token.grantFingerprint, token.issuedAt));
    this.comparisons.set(token, { known: this.known, isRevoked });
    return isRevoked;
  }

  /**
   * How a grant has ended, for the text of a refusal. Undefined when the grant has not ended, or when so many
   * grants have ended since that its end is forgotten.
   */
  endOf(environment: Environment, grantId: string): GrantEnd | undefined {
    return this.ends.get(revocationKey.grant(environment, grantId));
  }

  /** Number of revocations in memory, and their size. */
  get size(): { revocations: number; bytes: number } {
    const tables = [...this.windows.values()];
    return {
      revocations: tables.reduce((sum, table) => sum + table.size, 0),
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    };
  }

  /** The first cause counts: consent revokes a grant after auth-server has, and knows fewer causes. */
  private noteEnd(key: string, end: GrantEnd): void {
    if (this.ends.get(key) === undefined) this.ends.set(key, end);
  }

  private add(key: string, issuedBefore: number): void {
    this.forget();
    const window = Math.ceil((this.elapsed() / 1000 + revocationMemory) / windowLength);
    let table = this.windows.get(window);
    if (!table) this.windows.set(window, (table = new FingerprintTable()));
    table.put(fingerprint(key), issuedBefore);
    this.known += 1;
  }

  private covers(fingerprint: Uint32Array, issuedAt: number): boolean {
    for (const table of this.windows.values()) if (table.get(fingerprint) >= issuedAt) return true;
    return false;
  }

  private forget(): void {
    for (const window of this.windows.keys())
      if (window * windowLength * 1000 <= this.elapsed()) this.windows.delete(window);
  }
}
