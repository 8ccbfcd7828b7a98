import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CONFIG, rowsOf } from '@payer/service';
import type { Transporter } from 'nodemailer';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';

/** Seconds from each failed attempt to the next one. Then the mail is given up. */
const retryDelays = [10, 60, 600, 3600, 4 * 3600, 12 * 3600] as const;
/** Mails of one round. */
const batch = 10;
/** Seconds after which another replica takes over a mail whose sender has died. */
const lease = 300;

interface Due {
  id: string;
  recipient: string;
  subject: string;
  text: string;
  attempts: number;
}

/** Sends the mails that are due by SMTP, if a server is configured. Replicas share the work. */
@Injectable()
export class MailDelivery implements OnModuleDestroy {
  private readonly logger = new Logger('mail');
  private transport: Promise<Transporter> | undefined;

  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onModuleDestroy(): Promise<void> {
    (await this.transport)?.close();
  }

  async sendDue(): Promise<void> {
    const { SMTP_URL } = this.config;
    if (!SMTP_URL) return;
    const transport = await (this.transport ??= connectTo(SMTP_URL));
    for (;;) {
      const due = await this.claim();
      for (const mail of due) await this.attempt(transport, mail);
      if (due.length < batch) return;
    }
  }

  private claim(): Promise<Due[]> {
    return rowsOf<Due>(
      this.source,
      `UPDATE mail SET next_attempt_at = now() + make_interval(secs => ${lease}), attempts = attempts + 1
       WHERE id IN (SELECT id FROM mail WHERE next_attempt_at <= now()
                    ORDER BY next_attempt_at LIMIT ${batch} FOR UPDATE SKIP LOCKED)
       RETURNING id, recipient, subject, text, attempts`,
    );
  }

  private async attempt(transport: Transporter, { id, recipient, subject, text, attempts }: Due) {
    let delay: number | null = null;
    try {
      await transport.sendMail({
        from: { name: this.config.PLAN_NAME, address: this.config.MAIL_FROM },
        // As an object, so that no comma or angle bracket in the address adds a recipient.
        to: { name: '', address: recipient },
        subject,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    } catch (error) {
      delay = retryDelays[attempts - 1] ?? null;
      // The reason of an SMTP server can repeat the address, which is personal. The code says enough.
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      const next = delay === null ? 'given up' : `next attempt in ${delay} s`;
      this.logger.warn(`a mail was not sent (${code ?? 'unknown'} ${responseCode ?? ''}): ${next}`);
    }
    await rowsOf(
      this.source,
      'UPDATE mail SET next_attempt_at = now() + make_interval(secs => $3::float8) WHERE id = $1 AND attempts = $2',
      [id, attempts, delay],
    );
  }
}

/** The library is loaded for the first round of a service with a mail server. */
async function connectTo(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({ url, connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 30_000 });
}
