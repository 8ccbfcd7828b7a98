import { hashPassword, passwordMatches, readRows } from '@payer/service';
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
   * The `sub` of the member with this password, or undefined. The time of a failure reveals neither whether
   * the member exists nor which kind of hash the member has.
   */
  async check(
    environment: Environment,
    stored: StoredPassword,
    password: string,
  ): Promise<string | undefined> {
    const check = () => this.matches(stored, password);
    const matches = stored.has_imports ? await this.evenTime.run(check) : await check();
    if (!matches || stored.sub === null) return undefined;
    if (stored.has_imported_hash) await this.replace(environment, stored, password);
    return stored.sub;
  }

  private matches({ password_hash, has_imported_hash }: StoredPassword, password: string): Promise<boolean> {
    return password_hash !== null && has_imported_hash
      ? importedHashMatches(password_hash, password)
      : passwordMatches(password_hash ?? undefined, password);
  }

  /** Replaces an imported hash by our own, unless another sign-in or an import was faster. */
  private async replace(environment: Environment, { sub, password_hash }: StoredPassword, password: string) {
    if (!isKnownInFull(password_hash!, password)) return;
    await this.source.query(
      `UPDATE member SET password_hash = $3, has_imported_hash = false
       WHERE environment = $1 AND sub = $2 AND password_hash = $4`,
      [environment, sub, await hashPassword(password), password_hash],
    );
  }
}
