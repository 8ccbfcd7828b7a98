import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, type Queryable } from '@payer/service';
import type { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import { mayDo, teamRoles } from '../team-roles/team-roles.js';

/** A mail about an app: its first sentence, and the words that somebody wrote. */
export interface Notice {
  subject: string;
  sentence: string;
  words?: string | null;
}

const reviewing = teamRoles.filter((role) => mayDo([role], 'review'));

/** Mails about requests and changes, written in the transaction of their cause. */
@Injectable()
export class RequestMails {
  constructor(
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Writes to the developer of the app. */
  async toDeveloper(db: Queryable, app: App, notice: Notice): Promise<void> {
    const [owner] = await rowsOf<{ email: string }>(db, 'SELECT email FROM account WHERE id = $1', [
      app.owner_id,
    ]);
    const link = `${this.config.REGISTRATION_URL}/apps/${app.client_id}/production`;
    if (owner) await this.send(db, owner.email, notice, link);
  }

  /** Writes to every member of the platform team who decides requests. At most 50. */
  async toReviewers(db: Queryable, path: string, notice: Notice): Promise<void> {
    const reviewers = await rowsOf<{ email: string }>(
      db,
      `SELECT email FROM account WHERE role = 'platform' AND ended_at IS NULL AND team_roles && $1::text[]
       ORDER BY created_at LIMIT 50`,
      [reviewing],
    );
    for (const { email } of reviewers)
      await this.send(db, email, notice, `${this.config.REGISTRATION_URL}${path}`);
  }

  private async send(db: Queryable, to: string, { subject, sentence, words }: Notice, link: string) {
    const text = [sentence, ...(words ? [words] : []), link].join('\n\n');
    await this.mailer.send(db, { to, subject, text, links: [link] });
  }
}
