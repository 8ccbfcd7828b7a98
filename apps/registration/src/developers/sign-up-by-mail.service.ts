import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, randomToken, rowsOf, sha256, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import type { Account } from '../sessions/account.entity.js';
import { LinkExpired } from './link-expired.js';
import { addAccount, type NewAccount } from './new-account.js';

/** Hours for which a link is valid. */
const lifetimeHours = 48;
/** Most waiting sign-ups of one address. Further ones send no mail. */
const maxWaiting = 5;

/** A sign-up that waits for the link of its mail. */
export interface PendingSignUp extends NewAccount {
  next_page: string | null;
}

/**
 * Sign-up in two steps: the account is created by the link of a mail. Answer, time and writes of the first
 * step are the same for an address with an account: only the mail differs.
 */
@Injectable()
export class SignUpByMail {
  constructor(
    private readonly source: DataSource,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Whether a new account waits for the mail (`SIGN_UP`). */
  get isOn(): boolean {
    const { SIGN_UP, NODE_ENV, SMTP_URL } = this.config;
    return SIGN_UP ? SIGN_UP === 'by-mail' : NODE_ENV === 'production' && SMTP_URL !== undefined;
  }

  /** Keeps the sign-up and sends a mail to its address. */
  async begin(person: NewAccount, next: string | undefined): Promise<void> {
    const token = randomToken();
    await this.source.transaction(async (manager) => {
      await lockAddress(manager, person.email);
      const known = await rowsOf(manager, 'SELECT 1 FROM account WHERE lower(email) = lower($1)', [
        person.email,
      ]);
      await manager.query('DELETE FROM pending_sign_up WHERE expires_at < now()');
      const added = await rowsOf(
        manager,
        `INSERT INTO pending_sign_up
           (token_sha256, account_id, name, organization, email, password_hash, next_page, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, now() + make_interval(hours => $8)
         WHERE (SELECT count(*) FROM pending_sign_up WHERE lower(email) = lower($5)) < $9 RETURNING 1`,
        [
          // Nobody gets the token of a taken address.
          sha256(token),
          ...[person.id, person.name, person.organization, person.email, person.password_hash],
          ...[next ?? null, lifetimeHours, maxWaiting],
        ],
      );
      if (added.length === 0) return;
      await (known.length > 0 ? this.warn(manager, person.email) : this.invite(manager, person.email, token));
    });
  }

  /** The sign-up behind a link. @throws LinkExpired */
  async find(token: string): Promise<PendingSignUp> {
    const [found] = await rowsOf<PendingSignUp>(
      this.source,
      `SELECT account_id AS id, name, organization, email, password_hash, next_page FROM pending_sign_up
       WHERE token_sha256 = $1 AND expires_at > now()`,
      [sha256(token)],
    );
    if (!found) throw new LinkExpired();
    return found;
  }

  /**
   * Creates the account, with a confirmed address.
   * @throws LinkExpired; Problem 409 when the address got an account by another link
   */
  async finish(token: string): Promise<{ account: Account; next: string | undefined }> {
    const { next_page, ...person } = await this.find(token);
    return this.source.transaction(async (manager) => {
      await lockAddress(manager, person.email);
      const used = await rowsOf(
        manager,
        'DELETE FROM pending_sign_up WHERE token_sha256 = $1 AND expires_at > now() RETURNING 1',
        [sha256(token)],
      );
      if (used.length === 0) throw new LinkExpired();
      const account = await addAccount(manager, person);
      await manager.query('UPDATE account SET email_confirmed_at = now() WHERE id = $1', [account.id]);
      await manager.query('DELETE FROM pending_sign_up WHERE lower(email) = lower($1)', [account.email]);
      return { account, next: next_page ?? undefined };
    });
  }

  private async invite(db: Queryable, to: string, token: string): Promise<void> {
    const link = `${this.config.REGISTRATION_URL}/sign-up/finish?token=${token}`;
    await this.mailer.send(db, {
      to,
      subject: 'Finish your sign-up',
      text:
        `Somebody, hopefully you, signed up at the developer portal of ${this.config.PLAN_NAME} with this address. ` +
        `Open this link to create the account:\n\n${link}\n\nThe link works for ${lifetimeHours} hours. ` +
        'If it was not you, ignore this mail: no account is created.',
      links: [link],
    });
  }

  private async warn(db: Queryable, to: string): Promise<void> {
    const links = ['/sign-in', '/forgot-password'].map((page) => `${this.config.REGISTRATION_URL}${page}`);
    await this.mailer.send(db, {
      to,
      subject: 'You have an account already',
      text:
        `Somebody, hopefully you, tried to sign up at the developer portal of ${this.config.PLAN_NAME} with this ` +
        `address. It has an account already.\n\nSign in: ${links[0]}\nChoose a new password: ${links[1]}\n\n` +
        'If it was not you, ignore this mail: nothing has changed.',
      links,
    });
  }
}

/** Serializes sign-ups of one address: each one is counted, and two links cannot wait for each other. */
async function lockAddress(db: Queryable, email: string): Promise<void> {
  await db.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sign-up ${email.toLowerCase()}`]);
}
