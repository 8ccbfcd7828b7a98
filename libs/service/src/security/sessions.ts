import { createHash, randomBytes } from 'node:crypto';
import { rowsOf, type Queryable } from '../database/database.js';

export interface Session<Data> {
  subject: string;
  data: Data;
}

/** 256-bit random, in letters and digits only, so that it needs no encoding anywhere. */
export function randomToken(bytes = 32): string {
  return BigInt(`0x01${randomBytes(bytes).toString('hex')}`).toString(36);
}

/** SHA-256 in base64url: enough for secrets that are 256-bit random (there is nothing to guess). */
export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}

/** A session as its owner sees it in a list; the id is no secret. */
export interface ListedSession<Data> {
  id: string;
  data: Data;
  expires_at: Date;
}

/** The id by which a list names the session of a token. */
export const sessionId = (token: string): string => sha256(token).slice(0, 22);

/** Sessions in the service's database, known by a random token of which only the hash is kept. */
export class Sessions<Data extends object> {
  constructor(
    private readonly db: Queryable,
    /** Seconds. */
    private readonly lifetime: number,
  ) {}

  /** @returns the token, to be shown only to its owner */
  async create(subject: string, data: Data): Promise<string> {
    const token = randomToken();
    await this.db.query('DELETE FROM session WHERE expires_at < now()');
    await this.db.query(
      `INSERT INTO session (token_sha256, subject, data, expires_at)
       VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
      [sha256(token), subject, JSON.stringify(data), this.lifetime],
    );
    return token;
  }

  async find(token: string | undefined): Promise<Session<Data> | undefined> {
    if (!token) return undefined;
    const [row] = await rowsOf<Session<Data>>(
      this.db,
      'SELECT subject, data FROM session WHERE token_sha256 = $1 AND expires_at > now()',
      [sha256(token)],
    );
    return row;
  }

  /** The live sessions of somebody, the last to expire first. */
  list(subject: string): Promise<ListedSession<Data>[]> {
    return rowsOf<ListedSession<Data>>(
      this.db,
      `SELECT left(token_sha256, 22) AS id, data, expires_at FROM session
       WHERE subject = $1 AND expires_at > now() ORDER BY expires_at DESC LIMIT 500`,
      [subject],
    );
  }

  /** Ends one session of somebody. @param id of {@link list} @returns whether there was one */
  async endOne(subject: string, id: string): Promise<boolean> {
    const rows = await rowsOf(
      this.db,
      'DELETE FROM session WHERE subject = $1 AND left(token_sha256, 22) = $2 RETURNING 1',
      [subject, id],
    );
    return rows.length > 0;
  }

  /** Ends all sessions of somebody. @param exceptToken the session that stays, if any @returns how many ended */
  async endAll(subject: string, exceptToken?: string): Promise<number> {
    const rows = await rowsOf(
      this.db,
      'DELETE FROM session WHERE subject = $1 AND token_sha256 IS DISTINCT FROM $2 RETURNING 1',
      [subject, exceptToken === undefined ? null : sha256(exceptToken)],
    );
    return rows.length;
  }

  async end(token: string): Promise<void> {
    await this.db.query('DELETE FROM session WHERE token_sha256 = $1', [sha256(token)]);
  }
}
