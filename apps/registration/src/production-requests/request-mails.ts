import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, type Queryable } from '@payer/service';
import type { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import { Mailer } from '../mail/mailer.js';
import { organizationRoles, roleAllows } from '../organization-rights/organization-rights.js';
import { mayDo, teamRoles } from '../team-roles/team-roles.js';

/** A mail about an app: its first sentence, and the words that somebody wrote. */
export interface Notice {
  subject: string;
  sentence: string;
  words?: string | null;
}

const developing = organizationRoles.filter((role) => roleAllows(role, 'develop'));
const reviewing = teamRoles.filter((role) => mayDo([role], 'review'));

/** Mails about requests and changes, written in the transaction of their cause. */
@Injectable()
export class RequestMails {
  constructor(
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Writes to the members of the app's organization who may change the app. At most 20. */
  async toDevelopers(db: Queryable, app: App, notice: Notice): Promise<void> {
    const developers = await rowsOf<{ email: string }>(
      db,
      `SELECT email FROM organization_member AS member JOIN account ON account.id = account_id
       WHERE organization_id = $1 AND member.role = ANY($2) AND ended_at IS NULL
       ORDER BY joined_at, account_id LIMIT 20`,
      [app.organization_id, developing],
    );
    const link = `${this.config.REGISTRATION_URL}/apps/${app.client_id}/production`;
    for (const { email } of developers) await this.send(db, email, notice, link);
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
