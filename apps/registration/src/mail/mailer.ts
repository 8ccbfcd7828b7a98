import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { rowsOf, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  /** URLs in the text for the reader to open. */
  links: string[];
}

/** Days for which a mail is kept. */
const kept = 7;

/**
 * Writes mails into the database's outbox, in the transaction of their cause. A local system shows the mails
 * in its mailbox instead of sending them.
 */
@Injectable()
export class Mailer {
  constructor(private readonly source: DataSource) {}

  async send(db: Queryable, { to, subject, text, links }: Mail): Promise<void> {
    await db.query('DELETE FROM mail WHERE created_at < now() - make_interval(days => $1)', [kept]);
    await db.query('INSERT INTO mail (id, recipient, subject, text, links) VALUES ($1, $2, $3, $4, $5)', [
      randomUUID(),
      to,
      subject,
      text,
      JSON.stringify(links),
    ]);
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
