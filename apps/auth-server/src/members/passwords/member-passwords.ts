import { hashPassword, passwordMatches, readRows, rowsOf, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import { importedHashMatches, isKnownInFull } from './check-password.js';
import { EvenTime } from './even-time.js';

/** A member with the hash of their password. `sub` is null for an unknown member. */
export interface StoredPassword {
  sub: string | null;
  password_hash: string | null;
  has_imported_hash: boolean | null;
  /** Whether any member of the environment still has an imported hash. */
  has_imports: boolean;
}

/** A member whose password was right, with the hash that the member has now. */
export interface VerifiedPassword {
  sub: string;
  password_hash: string;
}

/** The passwords of members who sign in here: our own hashes, and those that an import brought along. */
export class MemberPasswords {
  private readonly evenTime = new EvenTime();

  constructor(private readonly source: DataSource) {}

  /** @param by the column that names the member */
  async find(environment: Environment, by: 'username' | 'sub', value: string): Promise<StoredPassword> {
    const [stored] = await readRows<StoredPassword>(
      this.source,
      `check-password-${by}`,
      `SELECT sub, password_hash, has_imported_hash, has_imports
       FROM (SELECT EXISTS (SELECT FROM member WHERE environment = $1 AND has_imported_hash) AS has_imports)
         AS imports LEFT JOIN member ON environment = $1 AND ${by} = $2`,
      [environment, value],
    );
    return stored!;
  }

  /**
   * The member with this password, or undefined. The time of a failure reveals neither whether the member
   * exists nor which kind of hash the member has.
   */
  async check(
    environment: Environment,
    stored: StoredPassword,
    password: string,
  ): Promise<VerifiedPassword | undefined> {
    const check = () => this.matches(stored, password);
    const matches = stored.has_imports ? await this.evenTime.run(check) : await check();
    const { sub, password_hash, has_imported_hash } = stored;
    if (!matches || sub === null || password_hash === null) return undefined;
    if (!has_imported_hash || !isKnownInFull(password_hash, password)) return { sub, password_hash };
    const own = await this.replace(environment, { sub, password_hash }, password);
    if (own !== undefined) return { sub, password_hash: own };
    // Another sign-in has replaced the hash, or an import has brought a new password.
    return this.check(environment, await this.find(environment, 'sub', sub), password);
  }

  /**
   * Whether a verified password is still the member's. The row of the member stays locked until the end of
   * the transaction, so an import of a new password waits and then ends the sign-in that the transaction
   * stores.
   */
  async isCurrent(
    db: Queryable,
    environment: Environment,
    { sub, password_hash }: VerifiedPassword,
  ): Promise<boolean> {
    const rows = await rowsOf(
      db,
      'SELECT 1 FROM member WHERE environment = $1 AND sub = $2 AND password_hash = $3 FOR SHARE',
      [environment, sub, password_hash],
    );
    return rows.length > 0;
  }

  private matches({ password_hash, has_imported_hash }: StoredPassword, password: string): Promise<boolean> {
    return password_hash !== null && has_imported_hash
      ? importedHashMatches(password_hash, password)
      : passwordMatches(password_hash ?? undefined, password);
  }

  /**
   * Replaces an imported hash by our own.
   * @returns the new hash, or undefined when the member has another hash by now
   */
  private async replace(
    environment: Environment,
    { sub, password_hash }: VerifiedPassword,
    password: string,
  ): Promise<string | undefined> {
    const own = await hashPassword(password);
    const replaced = await rowsOf(
      this.source,
      `UPDATE member SET password_hash = $3, has_imported_hash = false
       WHERE environment = $1 AND sub = $2 AND password_hash = $4 RETURNING 1`,
      [environment, sub, own, password_hash],
    );
    return replaced.length > 0 ? own : undefined;
  }
}
