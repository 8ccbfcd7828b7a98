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

  async end(token: string): Promise<void> {
    await this.db.query('DELETE FROM session WHERE token_sha256 = $1', [sha256(token)]);
  }
}
