import { rowsOf, type Queryable } from '../database/rows-of.js';
import { sha256 } from './sessions.js';
import { KeyedMutex } from './keyed-mutex.js';

/** One attempt to sign in: the name and its origin. */
export interface SignInAttempt {
  /** Separates the names of different directories. */
  realm: string;
  /** Separates the entrances of one directory (page, API): failures at one do not block the other. */
  entrance?: string;
  name: string;
  /** IP address. */
  address: string;
  /**
   * Whether the secret is short, such as a code of six digits. Then 20 attempts of one name in a window are
   * judged from all unknown places together, and a further address gives no further attempt.
   */
  isShort?: boolean;
  /** Id of a device on which this name has signed in before ({@link KnownDevices}). */
  device?: string;
}

/** `retryAfter` is in seconds; `count` is the number of refused attempts of this address in the window. */
export type Judgement<T> =
  { isThrottled: true; retryAfter: number; count: number } | { isThrottled: false; result: T | undefined };

/** Takes a successful attempt back. */
export type TakeBack = (db: Queryable) => Promise<void>;

/** Seconds. */
const window = 15 * 60;

/**
 * Judged attempts in a window: of one name from one place, of all names from one address, of one name in
 * total.
 */
const signInLimits = { pair: 8, address: 100, name: 100 };

/** Attempts of one name in total, where the secret is short. */
const shortLimit = 20;

const nameLimitOf = ({ isShort = false }: SignInAttempt): number =>
  isShort ? shortLimit : signInLimits.name;

/** Days for which an address stays known for a name. */
const knownAddressDays = 90;

/** Milliseconds between two clean-ups of old rows by one process. */
const cleaningInterval = 60_000;

/** Counts one attempt for the key that `from` selects. A full bucket counts nothing and returns no row. */
const count = (from: string, seconds: string, limit?: string) => `
  INSERT INTO attempt AS counted (key, failures, window_ends_at)
  SELECT key, 1, now() + make_interval(secs => ${seconds}) FROM ${from}
  ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN counted.window_ends_at <= now() THEN 1 ELSE counted.failures + 1 END,
    window_ends_at = CASE WHEN counted.window_ends_at <= now() THEN excluded.window_ends_at
                          ELSE counted.window_ends_at END
  ${limit ? `WHERE counted.window_ends_at <= now() OR counted.failures < ${limit}` : ''}
  RETURNING failures`;

/** Locks rows in the order pair, address, name, so that two statements cannot deadlock. */
const countAttempt = `
  WITH known AS (
    SELECT $5::boolean OR EXISTS (
      SELECT 1 FROM known_address WHERE key = $1 AND last_at > now() - make_interval(days => $6)) AS is_known
  ), pair AS (${count(
    `(SELECT $1::text AS key FROM known WHERE is_known OR NOT EXISTS (
        SELECT 1 FROM attempt WHERE key = $2 AND failures >= $8 AND window_ends_at > now())) AS free`,
    '$4',
    '$7',
  )}
  ), address AS (${count('(SELECT $2::text AS key FROM pair, known WHERE NOT is_known) AS admitted', '$4', '$8')}
  ), name AS (${count('(SELECT $3::text AS key FROM address) AS admitted', '$4', '$9')}
  )
  SELECT is_known AS "isKnown",
         (SELECT failures FROM pair) AS pair,
         (SELECT failures FROM address) AS address,
         (SELECT failures FROM name) AS name
  FROM known`;

/** Counts a refused attempt, and finds the seconds until the last of its full buckets opens again. */
const countRefusal = `
  WITH refused AS (${count('(SELECT $4::text AS key) AS refused', '$5')})
  SELECT (SELECT failures FROM refused) AS count,
         ceil(extract(epoch FROM max(window_ends_at) - now()))::integer AS wait
  FROM attempt WHERE window_ends_at > now() AND
    (key = $1 OR key = $2 AND failures >= $6 OR key = $3 AND failures >= $7)`;

interface Counts {
  isKnown: boolean;
  pair: number | null;
  address: number | null;
  name: number | null;
}

/**
 * Limits password guessing across all replicas. An attempt is counted before its password is judged, so
 * concurrent attempts cannot pass together. A correct password takes its own attempt back.
 *
 * A device or an address from which the name has signed in before has its own bucket, so failures elsewhere
 * never block the owner there. When the bucket of a name is full, each further address has one attempt per
 * window. So an owner at a new place can still sign in, and an attacker has one guess per address (decision
 * 23). A short secret has no such further attempts.
 */
export class SignInThrottle {
  private readonly attempts = new KeyedMutex();
  private cleanedAt = -Infinity;

  constructor(private readonly db: Queryable) {}

  /**
   * Judges an attempt unless its limits are used up. Attempts of one name from one place run one after
   * another, so that concurrent correct attempts all succeed.
   * @param verify resolves with the owner, or with undefined when the password is wrong. If `hasWaited`,
   *   nothing that was read before the attempt may be used: it may have changed meanwhile
   * @param accept stores the sign-in of the owner. It may take the attempt back in its own transaction
   */
  async judge<T>(
    attempt: SignInAttempt,
    verify: (hasWaited: boolean) => Promise<T | undefined>,
    accept: (owner: T, takeBack: TakeBack) => Promise<void> = (_owner, takeBack) => takeBack(this.db),
  ): Promise<Judgement<T>> {
    const keys = keysOf(attempt);
    void this.clean();
    return this.attempts.runExclusive(keys.pair, async (hasWaited) => {
      if (!(await this.admits(attempt, keys)))
        return { isThrottled: true, ...(await this.refusal(attempt, keys)) };
      const result = await verify(hasWaited);
      if (result !== undefined) await accept(result, (db) => this.succeed(db, attempt, keys));
      return { isThrottled: false, result };
    });
  }

  private async admits(attempt: SignInAttempt, { pair, address, name }: Keys): Promise<boolean> {
    const [counts] = await rowsOf<Counts>(this.db, countAttempt, [
      pair,
      address,
      name,
      window,
      attempt.device !== undefined,
      knownAddressDays,
      signInLimits.pair,
      signInLimits.address,
      nameLimitOf(attempt),
    ]);
    if (!counts || counts.pair === null) return false;
    if (counts.isKnown) return true;
    return counts.address !== null && (counts.name !== null || (!attempt.isShort && counts.pair === 1));
  }

  private async refusal(
    attempt: SignInAttempt,
    { pair, address, name, refused }: Keys,
  ): Promise<{ retryAfter: number; count: number }> {
    const [row] = await rowsOf<{ wait: number | null; count: number }>(this.db, countRefusal, [
      pair,
      address,
      name,
      refused,
      window,
      signInLimits.address,
      nameLimitOf(attempt),
    ]);
    return { retryAfter: Math.max(1, row?.wait ?? 1), count: row?.count ?? 1 };
  }

  /**
   * Takes this attempt back; earlier failures stay counted. From now on the address is known for the name.
   */
  private async succeed(db: Queryable, attempt: SignInAttempt, { pair, address, name }: Keys): Promise<void> {
    await db.query(
      `WITH counted AS (
         SELECT key FROM attempt WHERE key = ANY($1) ORDER BY array_position($1, key) FOR UPDATE
       ), known AS (
         INSERT INTO known_address (key, last_at) SELECT key, now() FROM unnest($2::text[]) AS key
         ON CONFLICT (key) DO UPDATE SET last_at = excluded.last_at
       )
       UPDATE attempt SET failures = greatest(failures - 1, 0)
       FROM counted WHERE attempt.key = counted.key`,
      attempt.device ? [[pair], []] : [[pair, address, name], [pair]],
    );
  }

  private async clean(): Promise<void> {
    const now = performance.now();
    if (now - this.cleanedAt < cleaningInterval) return;
    this.cleanedAt = now;
    try {
      await this.db.query('DELETE FROM attempt WHERE window_ends_at < now()');
      await this.db.query('DELETE FROM known_address WHERE last_at < now() - make_interval(days => $1)', [
        knownAddressDays,
      ]);
    } catch {
      // The attempt itself uses the same database and reports its failure.
    }
  }
}

/**
 * Whether a refused attempt enters the audit trail: the first 200 of an address in a window, then each time
 * the number doubles. So an attacker cannot fill the trail.
 */
export function isWorthAnEntry(count: number): boolean {
  return count <= 200 || Number.isInteger(Math.log2(count / 200));
}

interface Keys {
  pair: string;
  address: string;
  name: string;
  refused: string;
}

/**
 * The keys are hashed, because people type passwords into the name field and no table may store a password.
 */
function keysOf({ realm, entrance = '', name, address, device }: SignInAttempt): Keys {
  const network = networkOf(address);
  const who = `${realm}\0${name.toLowerCase()}`;
  const place = device ? `on ${device}` : `from ${network}`;
  return {
    pair: sha256(`pair\0${who}\0${entrance}\0${place}`),
    address: sha256(`address\0${realm}\0${network}`),
    name: sha256(`name\0${who}`),
    refused: sha256(`refused\0${realm}\0${network}`),
  };
}

/**
 * The network of an address: the first 64 bits of an IPv6 address, because one machine can use a whole /64
 * (RFC 6177); the full IPv4 address.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head.split(':').filter(Boolean);
  const after = tail?.split(':').filter(Boolean) ?? [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
