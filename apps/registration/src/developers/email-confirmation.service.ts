import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, randomToken, recordAudit, rowsOf, sha256, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import { LinkExpired } from './link-expired.js';

/** Hours for which a link is valid. */
const lifetimeHours = 48;
/** The most valid links of one account. Further requests send no mail. */
const openLinks = 5;

/** The owner of an address. */
interface Owner {
  id: string;
  email: string;
}

/** Confirms that the owner of an account reads its email address. */
@Injectable()
export class EmailConfirmation {
  constructor(
    private readonly source: DataSource,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Sends a link, in the transaction of the sign-up. */
  async send(db: Queryable, { id, email }: Owner): Promise<void> {
    const token = randomToken();
    await db.query('DELETE FROM email_confirmation WHERE expires_at < now()');
    const added = await rowsOf(
      db,
      `INSERT INTO email_confirmation (token_sha256, account_id, expires_at)
       SELECT $1, $2, now() + make_interval(hours => $3)
       WHERE (SELECT count(*) FROM email_confirmation WHERE account_id = $2) < $4 RETURNING 1`,
      [sha256(token), id, lifetimeHours, openLinks],
    );
    if (added.length === 0) return;
    const link = `${this.config.REGISTRATION_URL}/confirm-email?token=${token}`;
    await this.mailer.send(db, {
      to: email,
      subject: 'Confirm your email address',
      text:
        `Somebody, hopefully you, signed up at the developer portal of ${this.config.PLAN_NAME} with this address.\n\n` +
        `${link}\n\nThe link works for ${lifetimeHours} hours. ` +
        'If it was not you, ignore this mail: nobody can ask for production access with an unconfirmed address.',
      links: [link],
    });
  }

  /** Sends another link, unless the address is confirmed. */
  async sendAgain(owner: Owner): Promise<void> {
    await this.source.transaction(async (manager) => {
      // The lock serializes concurrent requests, so that each link is counted.
      await manager.query('SELECT 1 FROM account WHERE id = $1 FOR UPDATE', [owner.id]);
      if (!(await this.isConfirmed(manager, owner.id))) await this.send(manager, owner);
    });
  }

  /** @throws LinkExpired when the link is unknown, used or too old */
  async confirm(token: string): Promise<void> {
    await this.source.transaction(async (manager) => {
      const [used] = await rowsOf<{ account_id: string }>(
        manager,
        'DELETE FROM email_confirmation WHERE token_sha256 = $1 AND expires_at > now() RETURNING account_id',
        [sha256(token)],
      );
      if (!used) throw new LinkExpired();
      const [account] = await rowsOf<{ email: string; role: 'developer' | 'platform' }>(
        manager,
        `UPDATE account SET email_confirmed_at = coalesce(email_confirmed_at, now()) WHERE id = $1
         RETURNING email, role`,
        [used.account_id],
      );
      if (!account) throw new LinkExpired();
      await manager.query('DELETE FROM email_confirmation WHERE account_id = $1', [used.account_id]);
      await recordAudit(manager, 'registration', {
        action: 'email-confirmed',
        actor_role: account.role,
        actor: account.email,
      });
    });
  }

  async isConfirmed(db: Queryable, accountId: string): Promise<boolean> {
    const rows = await rowsOf(db, 'SELECT 1 FROM account WHERE id = $1 AND email_confirmed_at IS NOT NULL', [
      accountId,
    ]);
    return rows.length > 0;
  }

  /**
   * Refuses a request for production of an account with an unconfirmed address, where the system insists on
   * the confirmation (`EMAIL_CONFIRMATION`).
   * @throws Problem 409
   */
  async requireForProduction(db: Queryable, accountId: string): Promise<void> {
    const { EMAIL_CONFIRMATION, NODE_ENV, SMTP_URL } = this.config;
    const isRequired = EMAIL_CONFIRMATION
      ? EMAIL_CONFIRMATION === 'required'
      : NODE_ENV === 'production' && SMTP_URL !== undefined;
    if (!isRequired || (await this.isConfirmed(db, accountId))) return;
    throw new Problem(
      409,
      'email_unconfirmed',
      'Confirm your email address first: open the link that we sent, or ask for another one on your account page.',
    );
  }
}
