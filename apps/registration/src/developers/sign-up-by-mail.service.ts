import { Inject, Injectable } from '@nestjs/common';
import {
  CONFIG,
  countSignIn,
  isWorthAnEntry,
  passwordMatches,
  Problem,
  randomToken,
  recordAudit,
  rowsOf,
  sha256,
  SignInThrottle,
  type Queryable,
} from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import type { Account } from '../sessions/account.entity.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';
import { LinkExpired } from './link-expired.js';
import { addAccount, type NewAccount } from './new-account.js';
import type { SignInPlace } from './sign-in.service.js';

/** Hours for which a link is valid. */
const lifetimeHours = 48;
/** The most mails to one address in the lifetime of a link. Further sign-ups wait without a mail. */
const maxMails = 5;
/** The most waiting sign-ups of one address without a mail. A further one replaces the oldest. */
const maxUnmailed = 15;

/** A sign-up that waits for a link of its address and for its own password. */
interface PendingSignUp extends NewAccount {
  next_page: string | null;
}

/**
 * Sign-up in two steps: the account is created by the link of a mail and the password of the sign-up. Answer,
 * time and writes of the first step are the same for an address with an account: only the mail differs.
 *
 * A stranger may sign up with somebody else's address. So a link proves only the address, and the password
 * chooses among the sign-ups of the address. The owner's click never opens an account with the stranger's
 * password, and a mail that the stranger caused serves the owner as well.
 */
@Injectable()
export class SignUpByMail {
  private readonly throttle: SignInThrottle;

  constructor(
    private readonly source: DataSource,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.throttle = new SignInThrottle(source);
  }

  /** Whether a new account waits for the mail (`SIGN_UP`). */
  get isOn(): boolean {
    const { SIGN_UP, NODE_ENV, SMTP_URL } = this.config;
    return SIGN_UP ? SIGN_UP === 'by-mail' : NODE_ENV === 'production' && SMTP_URL !== undefined;
  }

  /** Keeps the sign-up, and sends a mail to its address unless the address has got enough of them. */
  async begin(person: NewAccount, next: string | undefined): Promise<void> {
    const token = randomToken();
    await this.source.transaction(async (manager) => {
      await lockAddress(manager, person.email);
      const known = await rowsOf(manager, 'SELECT 1 FROM account WHERE lower(email) = lower($1)', [
        person.email,
      ]);
      await manager.query('DELETE FROM pending_sign_up WHERE expires_at < now()');
      const [added] = await rowsOf<{ is_mailed: boolean }>(
        manager,
        `INSERT INTO pending_sign_up
           (token_sha256, account_id, name, organization, email, password_hash, next_page, expires_at, is_mailed)
         SELECT $1, $2, $3, $4, $5, $6, $7, now() + make_interval(hours => $8),
                (SELECT count(*) FROM pending_sign_up WHERE lower(email) = lower($5) AND is_mailed) < $9
         RETURNING is_mailed`,
        [
          // Nobody gets the token of a taken address, nor of a sign-up without a mail.
          sha256(token),
          ...[person.id, person.name, person.organization, person.email, person.password_hash],
          ...[next ?? null, lifetimeHours, maxMails],
        ],
      );
      await manager.query(
        `DELETE FROM pending_sign_up WHERE token_sha256 IN (
           SELECT token_sha256 FROM pending_sign_up WHERE lower(email) = lower($1) AND NOT is_mailed
           ORDER BY expires_at DESC OFFSET $2)`,
        [person.email, maxUnmailed],
      );
      if (!added?.is_mailed) return;
      await (known.length > 0 ? this.warn(manager, person.email) : this.invite(manager, person.email, token));
    });
  }

  /** The address that a link proves. @throws LinkExpired */
  async addressOf(token: string): Promise<string> {
    const email = await this.find(token);
    if (email === undefined) throw new LinkExpired();
    return email;
  }

  /**
   * Creates the account of the waiting sign-up with this address and password. The address is confirmed. An
   * unknown link costs a hash and counts as an attempt, as a wrong password does.
   * @throws LinkExpired; TooManyAttempts before the password check; Problem 401 when no sign-up of the
   * address has the password; Problem 409 when the address got an account by another way
   */
  async finish(
    { token, password }: { token: string; password: string },
    { entrance, address }: SignInPlace,
  ): Promise<{ account: Account; next: string | undefined }> {
    const email = await this.find(token);
    const attempt = { realm: 'sign-up', entrance, name: email ?? token, address };
    const judgement = await this.throttle.judge(attempt, () => this.waiting(email, password));
    if (judgement.isThrottled) {
      const { count, retryAfter } = judgement;
      countSignIn('unknown', '', 'throttled');
      // The sign-up has no account yet, so the entry names nobody.
      if (isWorthAnEntry(count))
        await recordAudit(this.source, 'registration', {
          action: 'sign-in-throttled',
          actor_role: 'unknown',
          actor: null,
          detail: { count },
        });
      throw new TooManyAttempts(retryAfter);
    }
    if (!judgement.result) {
      await this.addressOf(token);
      throw new Problem(401, 'wrong_credentials', 'The password is not the one of your sign-up.');
    }
    const { next_page, ...person } = judgement.result;
    return this.source.transaction(async (manager) => {
      await lockAddress(manager, person.email);
      const waiting = await rowsOf<{ token_sha256: string }>(
        manager,
        'DELETE FROM pending_sign_up WHERE lower(email) = lower($1) RETURNING token_sha256',
        [person.email],
      );
      if (!waiting.some(({ token_sha256 }) => token_sha256 === sha256(token))) throw new LinkExpired();
      const account = await addAccount(manager, person);
      await manager.query('UPDATE account SET email_confirmed_at = now() WHERE id = $1', [account.id]);
      return { account, next: next_page ?? undefined };
    });
  }

  private async find(token: string): Promise<string | undefined> {
    const [found] = await rowsOf<{ email: string }>(
      this.source,
      'SELECT email FROM pending_sign_up WHERE token_sha256 = $1 AND expires_at > now()',
      [sha256(token)],
    );
    return found?.email;
  }

  /** The newest waiting sign-up of an address with this password. */
  private async waiting(email: string | undefined, password: string): Promise<PendingSignUp | undefined> {
    const rows = await rowsOf<PendingSignUp>(
      this.source,
      `SELECT account_id AS id, name, organization, email, password_hash, next_page FROM pending_sign_up
       WHERE lower(email) = lower($1) AND expires_at > now() ORDER BY expires_at DESC`,
      [email ?? null],
    );
    if (rows.length === 0) await passwordMatches(undefined, password);
    for (const row of rows) if (await passwordMatches(row.password_hash, password)) return row;
    return undefined;
  }

  private async invite(db: Queryable, to: string, token: string): Promise<void> {
    const link = `${this.config.REGISTRATION_URL}/sign-up/finish?token=${token}`;
    await this.mailer.send(db, {
      to,
      subject: 'Finish your sign-up',
      text:
        `Somebody, hopefully you, signed up at the developer portal of ${this.config.PLAN_NAME} with this address. ` +
        `Open this link, and enter the password that you chose at the sign-up:\n\n${link}\n\n` +
        `The link works for ${lifetimeHours} hours. If it was not you, ignore this mail: no account is created.`,
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
