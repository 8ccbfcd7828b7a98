import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  CONFIG,
  hashPassword,
  randomToken,
  recordAudit,
  rowsOf,
  sha256,
  type Queryable,
} from '@payer/service';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import type { Actor } from '../sessions/actor.js';
import { endInitialAccessTokens } from '../sessions/initial-access-token-end.js';
import { LinkExpired } from './link-expired.js';
import { checkPassword } from './password-rules.js';
import { SignInService, WrongCredentials, type SignInPlace } from './sign-in.service.js';

/** Seconds for which a password reset link is valid. */
const resetLifetime = 3600;

/** The most valid reset links of one account. Further requests send no mail. */
const openResets = 3;

/** Changes and resets passwords. Both end sessions and initial access tokens of the account. */
@Injectable()
export class PasswordsService {
  private readonly logger = new Logger('passwords');

  constructor(
    private readonly source: DataSource,
    private readonly accounts: SignInService,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Changes the password, and ends all sessions except the current one.
   * @throws Problem 401 when the current password is wrong, or was replaced in the meantime; 400 when the new
   * one is weak; TooManyAttempts
   */
  async change(
    actor: Actor,
    passwords: { current: string; next: string },
    place: SignInPlace,
    sessionToken: string,
  ): Promise<void> {
    const { password_hash: verified } = await this.accounts.judge(actor.email, passwords.current, place);
    await checkPassword(passwords.next, actor, 'new_password');
    const hash = await hashPassword(passwords.next);
    await this.source.transaction(async (manager) => {
      // A person with the old password must not undo the reset that ended it.
      const current = await rowsOf(
        manager,
        'SELECT 1 FROM account WHERE id = $1 AND password_hash = $2 AND ended_at IS NULL FOR UPDATE',
        [actor.id, verified],
      );
      if (current.length === 0) throw new WrongCredentials();
      await this.replace(manager, actor, hash, 'password-changed', sha256(sessionToken));
    });
  }

  /**
   * Sends a link if the address has an account. The answer waits only for a first answer of the database:
   * neither its text nor its duration may reveal whether the account exists.
   * @throws the database's error while the database is unavailable; then no mail was sent
   */
  async requestReset(email: string): Promise<void> {
    await this.source.query('SELECT 1');
    this.sendReset(email).catch((error: unknown) =>
      this.logger.error(`a link to a new password was not sent: ${(error as Error).message}`),
    );
  }

  private async sendReset(email: string): Promise<void> {
    const [account] = await rowsOf<Actor>(
      this.source,
      `SELECT id, role, name, organization, email FROM account
       WHERE lower(email) = lower($1) AND ended_at IS NULL`,
      [email],
    );
    if (!account) return;
    const token = randomToken();
    await this.source.transaction(async (manager) => {
      // The lock serializes concurrent requests, so that each one is counted.
      await manager.query('SELECT 1 FROM account WHERE id = $1 FOR UPDATE', [account.id]);
      await manager.query('DELETE FROM password_reset WHERE expires_at < now()');
      const rows = await rowsOf(
        manager,
        `INSERT INTO password_reset (token_sha256, account_id, expires_at)
         SELECT $1, $2, now() + make_interval(secs => $3)
         WHERE (SELECT count(*) FROM password_reset WHERE account_id = $2) < $4 RETURNING 1`,
        [sha256(token), account.id, resetLifetime, openResets],
      );
      if (rows.length === 0) return;
      const link = `${this.config.REGISTRATION_URL}/reset-password?token=${token}`;
      await this.mailer.send(manager, {
        to: account.email,
        subject: 'Choose a new password',
        text:
          `Somebody, hopefully you, asked for a new password for this address.\n\n${link}\n\n` +
          'The link works once, for an hour. If it was not you, nothing has changed and you can ignore this mail.',
        links: [link],
      });
      await this.record(manager, account, 'password-reset-requested');
    });
  }

  /**
   * Sets a new password, and ends all sessions and all other links. The link proves that the owner reads the
   * address, so the address is confirmed.
   * @throws Problem 400 when the link is unknown, used or expired, or when the password is weak
   */
  async reset(token: string, next: string): Promise<void> {
    const [owner] = await rowsOf<Actor>(
      this.source,
      `SELECT account.id, role, name, organization, email
       FROM password_reset JOIN account ON account.id = account_id
       WHERE token_sha256 = $1 AND expires_at > now() AND ended_at IS NULL`,
      [sha256(token)],
    );
    if (!owner) throw new LinkExpired();
    await checkPassword(next, owner, 'new_password');
    const hash = await hashPassword(next);
    await this.source.transaction(async (manager) => {
      const used = await rowsOf(
        manager,
        'DELETE FROM password_reset WHERE token_sha256 = $1 AND expires_at > now() RETURNING 1',
        [sha256(token)],
      );
      if (used.length === 0) throw new LinkExpired();
      await this.replace(manager, owner, hash, 'password-reset', null);
      await manager.query(
        'UPDATE account SET email_confirmed_at = coalesce(email_confirmed_at, now()) WHERE id = $1',
        [owner.id],
      );
    });
  }

  private async replace(
    db: Queryable,
    owner: Actor,
    hash: string,
    action: 'password-changed' | 'password-reset',
    keptSession: string | null,
  ): Promise<void> {
    await db.query('UPDATE account SET password_hash = $2 WHERE id = $1', [owner.id, hash]);
    await db.query('DELETE FROM password_reset WHERE account_id = $1', [owner.id]);
    await db.query('DELETE FROM session WHERE subject = $1 AND token_sha256 IS DISTINCT FROM $2', [
      owner.id,
      keptSession,
    ]);
    await endInitialAccessTokens(db, owner.id);
    await this.mailer.send(db, {
      to: owner.email,
      subject: 'Your password was changed',
      text:
        'The password of your developer account was changed. If it was not you, ask for a new password at once. ' +
        'Your passkeys still sign you in: remove those that you do not know.',
      links: [
        `${this.config.REGISTRATION_URL}/forgot-password`,
        `${this.config.REGISTRATION_URL}/account/passkeys`,
      ],
    });
    await this.record(db, owner, action);
  }

  private record(
    db: Queryable,
    { role, email }: Actor,
    action: 'password-changed' | 'password-reset-requested' | 'password-reset',
  ): Promise<void> {
    return recordAudit(db, 'registration', { actor_role: role, actor: email, action });
  }
}
