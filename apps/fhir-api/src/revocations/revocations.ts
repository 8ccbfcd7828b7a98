import {
  accessTokenLifetime,
  authServerMaxStaleness,
  type GrantState,
  type TokenRevocation,
} from '@payer/smart';
import { FingerprintTable } from './fingerprint-table.js';
import { fingerprint, revocationKey } from './fingerprint.js';

/** Every token, whenever issued. */
const always = 0xffff_ffff;
/** Seconds of revocations that are kept, and dropped, together. */
const windowLength = 3600;
/** Seconds by which the clocks of machines may differ. */
const clockDifference = 3600;
/**
 * Seconds that a revocation is remembered at least, from its arrival: until a token has expired that an `auth-server`
 * gave out which did not know the end yet. Not from the end of the grant: until `auth-server` knows, it gives tokens.
 */
export const revocationMemory = authServerMaxStaleness + accessTokenLifetime + clockDifference;

/** The part of a token that revocations look at. */
export interface RevocableToken {
  readonly grantFingerprint: Uint32Array | undefined;
  readonly tokenFingerprint: Uint32Array;
  readonly environmentFingerprint: Uint32Array;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** How many revocations were known when the token was last compared with them. */
  comparedWith: number;
  isRevoked: boolean;
}

/**
 * What was revoked while tokens of it may still live, in the memory of this replica. Revocations are kept in windows by
 * the time they may be forgotten, a table each, so that forgetting is dropping a table.
 */
export class Revocations {
  private readonly windows = new Map<number, FingerprintTable>();
  private heard = 0;

  /** @param elapsed milliseconds on a clock that nobody sets */
  constructor(private readonly elapsed: () => number = () => performance.now()) {}

  /** The grant has ended: all its tokens are refused. */
  revokeGrant(grant: GrantState): void {
    if (grant.status !== 'revoked') return;
    this.add(revocationKey.grant(grant.environment, grant.grant_id), always);
  }

  /** One token, or the tokens of a grant or of the whole environment that were issued up to an instant, are refused. */
  revokeTokens({ environment, jti, grant_id, issued_before }: TokenRevocation): void {
    if (jti !== null) return this.add(revocationKey.token(environment, jti), always);
    const issuedUpTo = issued_before === null ? always : Math.floor(Date.parse(issued_before) / 1000);
    this.add(
      grant_id === null ? revocationKey.everyToken(environment) : revocationKey.grant(environment, grant_id),
      issuedUpTo,
    );
  }

  /** A token is compared again only when a revocation has been heard of since the last time. */
  isRevoked(token: RevocableToken): boolean {
    if (token.comparedWith === this.heard || token.isRevoked) return token.isRevoked;
    token.comparedWith = this.heard;
    token.isRevoked =
      this.covers(token.tokenFingerprint, token.issuedAt) ||
      this.covers(token.environmentFingerprint, token.issuedAt) ||
      (token.grantFingerprint !== undefined && this.covers(token.grantFingerprint, token.issuedAt));
    return token.isRevoked;
  }

  /** How many are remembered, and the memory they take. */
  get size(): { revocations: number; bytes: number } {
    const tables = [...this.windows.values()];
    return {
      revocations: tables.reduce((sum, table) => sum + table.size, 0),
      bytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    };
  }

  private add(key: string, issuedBefore: number): void {
    this.forget();
    const window = Math.ceil((this.elapsed() / 1000 + revocationMemory) / windowLength);
    let table = this.windows.get(window);
    if (!table) this.windows.set(window, (table = new FingerprintTable()));
    table.put(fingerprint(key), issuedBefore);
    this.heard += 1;
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
