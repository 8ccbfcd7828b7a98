import { createHash, randomBytes } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { rowsOf, type Queryable } from '../database/rows-of.js';
import { readRows } from '../database/prepared.js';

export interface Session<Data> {
  subject: string;
  data: Data;
}

/** A 256-bit random value in letters and digits only, so that it never needs encoding. */
export function randomToken(bytes = 32): string {
  return BigInt(`0x01${randomBytes(bytes).toString('hex')}`).toString(36);
}

/** SHA-256 in base64url. Sufficient for secrets that are 256-bit random, because they cannot be guessed. */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** A session in its owner's list; the id is not secret. */
export interface ListedSession<Data> {
  id: string;
  data: Data;
  expires_at: Date;
}

/** The id of a token's session in a list. */
export const sessionId = (token: string): string => sha256(token).slice(0, 22);

/** Sessions in the service's database, identified by a random token. Only the token's hash is stored. */
export class Sessions<Data extends object> {
  constructor(
    private readonly db: DataSource,
    /** Seconds. */
    private readonly lifetime: number,
  ) {}

  /**
   * @param db a transaction that the session belongs to
   * @returns the token, for its owner only
   */
  async create(subject: string, data: Data, db: Queryable = this.db): Promise<string> {
    const token = randomToken();
    await db.query(
      `WITH expired AS (DELETE FROM session WHERE expires_at < now())
       INSERT INTO session (token_sha256, subject, data, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
      [sha256(token), subject, JSON.stringify(data), this.lifetime],
    );
    return token;
  }

  /**
   * Creates a session only if its owner is still admitted. One statement looks and inserts, so the reason to
   * admit the owner cannot end in between.
   * @param admission a SELECT with its values from $1 on; it locks the row that admits the owner
   * @returns the token, or undefined when the SELECT finds no row
   */
  async createIf(
    admission: { sql: string; values: readonly unknown[] },
    subject: string,
    data: Data,
    db: Queryable = this.db,
  ): Promise<string | undefined> {
    const token = randomToken();
    const own = admission.values.length;
    const rows = await rowsOf(
      db,
      `WITH admitted AS (${admission.sql}), expired AS (DELETE FROM session WHERE expires_at < now())
       INSERT INTO session (token_sha256, subject, data, expires_at)
       SELECT $${own + 1}, $${own + 2}, $${own + 3}, now() + make_interval(secs => $${own + 4}) FROM admitted
       RETURNING 1`,
      [...admission.values, sha256(token), subject, JSON.stringify(data), this.lifetime],
    );
    return rows.length > 0 ? token : undefined;
  }

  async find(token: string | undefined): Promise<Session<Data> | undefined> {
    if (!token) return undefined;
    const [row] = await readRows<Session<Data>>(
      this.db,
      'find-session',
      'SELECT subject, data FROM session WHERE token_sha256 = $1 AND expires_at > now()',
      [sha256(token)],
    );
    return row;
  }

  /** The live sessions of a subject, the last to expire first. */
  list(subject: string): Promise<ListedSession<Data>[]> {
    return rowsOf<ListedSession<Data>>(
      this.db,
      `SELECT left(token_sha256, 22) AS id, data, expires_at FROM session
       WHERE subject = $1 AND expires_at > now() ORDER BY expires_at DESC LIMIT 500`,
      [subject],
    );
  }

  /**
   * Ends one session of a subject.
   * @param id from {@link list}
   * @returns whether the session existed
   */
  async endOne(subject: string, id: string): Promise<boolean> {
    const rows = await rowsOf(
      this.db,
      'DELETE FROM session WHERE subject = $1 AND left(token_sha256, 22) = $2 RETURNING 1',
      [subject, id],
    );
    return rows.length > 0;
  }

  /**
   * Ends all sessions of a subject.
   * @param exceptToken the session to keep, if any
   * @returns the number of ended sessions
   */
  async endAll(subject: string, exceptToken?: string, db: Queryable = this.db): Promise<number> {
    const rows = await rowsOf(
      db,
      'DELETE FROM session WHERE subject = $1 AND token_sha256 IS DISTINCT FROM $2 RETURNING 1',
      [subject, exceptToken === undefined ? null : sha256(exceptToken)],
    );
    return rows.length;
  }

  /**
   * Keeps a session from ending before a transaction does, so that the end of the session finds the effects
   * of the transaction.
   * @returns whether the session is live
   */
  async hold(token: string, db: Queryable): Promise<boolean> {
    const rows = await rowsOf(
      db,
      'SELECT 1 FROM session WHERE token_sha256 = $1 AND expires_at > now() FOR KEY SHARE',
      [sha256(token)],
    );
    return rows.length > 0;
  }

  async end(token: string): Promise<void> {
    await this.db.query('DELETE FROM session WHERE token_sha256 = $1', [sha256(token)]);
  }
}
