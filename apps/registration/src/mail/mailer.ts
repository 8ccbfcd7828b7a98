import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  /** URLs in the text for the reader to open. */
  links: string[];
}

export interface MailOptions {
  /** A second mail with the same id is not sent. */
  id?: string;
  /** The removal of the member deletes such a mail. */
  isToMember?: boolean;
}

/** Days for which a mail is kept. */
const kept = 7;

/** Characters that could begin a further header field or a further recipient. */
const lineBreaks = /[\p{Cc}\u2028\u2029]+/gu;

/**
 * Writes mails into the database's outbox, in the transaction of their cause. With an SMTP server
 * {@link MailDelivery} sends them. A local system shows them in its mailbox instead.
 */
@Injectable()
export class Mailer {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Pick<Config, 'SMTP_URL'>,
  ) {}

  async send(
    db: Queryable,
    { to, subject, text, links }: Mail,
    { id = randomUUID(), isToMember = false }: MailOptions = {},
  ): Promise<void> {
    await db.query('DELETE FROM mail WHERE created_at < now() - make_interval(days => $1)', [kept]);
    await db.query(
      `INSERT INTO mail (id, recipient, subject, text, links, next_attempt_at, to_member)
       VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7) ON CONFLICT (id) DO NOTHING`,
      [
        id,
        to,
        subject.replace(lineBreaks, ' ').trim(),
        text,
        JSON.stringify(links),
        this.config.SMTP_URL !== undefined,
        isToMember,
      ],
    );
  }

  /** The mails to one address, or all of them, the newest first; at most 100. */
  list(to?: string): Promise<Mail[]> {
    return rowsOf<Mail>(
      this.source,
      `SELECT recipient AS "to", subject, text, links FROM mail
       WHERE $1::text IS NULL OR lower(recipient) = lower($1) ORDER BY created_at DESC, id LIMIT 100`,
      [to ?? null],
    );
  }
}
