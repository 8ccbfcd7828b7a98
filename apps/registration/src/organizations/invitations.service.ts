import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, randomToken, rowsOf, sha256, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { EmailConfirmation } from '../developers/email-confirmation.service.js';
import { LinkExpired } from '../developers/link-expired.js';
import { Mailer } from '../mail/mailer.js';
import { organizationRoleRules, type OrganizationRole } from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';
import { checkOrganization, checkOrganizationNow } from './organization-access.js';
import { isAcceptable } from './open-invitations.js';
import { recordAct } from './organization-acts.js';
import type { InvitationView, NewInvitation, OrganizationView } from './organization-fields.js';

/** Days for which an invitation can be accepted. */
const lifetimeDays = 7;
/** The most invitations of one organization in a day, so that it cannot flood a stranger with mails. */
const maxPerDay = 30;

/** An invitation as the person who has the link sees it. */
export interface OpenInvitation {
  id: string;
  organization_id: string;
  organization: string;
  email: string;
  role: OrganizationRole;
  invited_by: string;
}

/** Invitations of colleagues into an organization, by mail. */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly source: DataSource,
    private readonly mailer: Mailer,
    private readonly confirmation: EmailConfirmation,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The invitations that can still be accepted, the newest first. @throws Problem 403, 404 */
  async list(actor: Actor, organizationId: string): Promise<InvitationView[]> {
    checkOrganization(actor, organizationId, 'manage');
    return rowsOf<InvitationView>(
      this.source,
      `SELECT id, email, role, invited_by, created_at, expires_at FROM organization_invitation
       WHERE organization_id = $1 AND closed_at IS NULL AND expires_at > now() ORDER BY created_at DESC, id`,
      [organizationId],
    );
  }

  /**
   * Sends an invitation. It replaces an earlier one to the same address. The answer does not depend on
   * whether the address has an account.
   * @throws Problem 403, 404; 409 for a member, without a confirmed address where
   * that is required, and when the organization has sent too many today
   */
  async invite(
    actor: Actor,
    organizationId: string,
    { email, role }: NewInvitation,
  ): Promise<InvitationView> {
    checkOrganization(actor, organizationId, 'manage');
    const token = randomToken();
    return this.source.transaction(async (manager) => {
      // An invitation is a mail of the plan with words of the sender.
      await this.confirmation.requireForProduction(manager, actor.id);
      const [organization] = await rowsOf<{ name: string }>(
        manager,
        'SELECT name FROM organization WHERE id = $1 FOR UPDATE',
        [organizationId],
      );
      await checkOrganizationNow(manager, actor, organizationId, 'manage');
      const members = await rowsOf(
        manager,
        `SELECT 1 FROM organization_member JOIN account ON account.id = account_id
         WHERE organization_id = $1 AND lower(email) = lower($2)`,
        [organizationId, email],
      );
      if (members.length > 0)
        throw new Problem(409, 'member_already', `${email} belongs to the organization already.`, [
          { field: 'email', message: 'belongs to the organization already' },
        ]);
      const today = await rowsOf(
        manager,
        `SELECT 1 FROM organization_invitation WHERE organization_id = $1 AND created_at > now() - interval '1 day'`,
        [organizationId],
      );
      if (today.length >= maxPerDay)
        throw new Problem(
          409,
          'too_many_invitations',
          `An organization sends ${maxPerDay} invitations a day. Try again tomorrow.`,
        );
      await manager.query(
        `UPDATE organization_invitation SET closed_at = now()
         WHERE organization_id = $1 AND lower(email) = lower($2) AND closed_at IS NULL`,
        [organizationId, email],
      );
      const [added] = await rowsOf<InvitationView>(
        manager,
        `INSERT INTO organization_invitation
           (id, organization_id, email, role, token_sha256, invited_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7))
         RETURNING id, email, role, invited_by, created_at, expires_at`,
        [randomUUID(), organizationId, email, role, sha256(token), actor.email, lifetimeDays],
      );
      await this.sendMail(manager, actor, organization?.name ?? '', { email, role }, token);
      await recordAct(manager, actor, organizationId, 'organization-invited', { person: email, role });
      return added as InvitationView;
    });
  }

  /** Withdraws an invitation: its link is worth nothing. @throws Problem 403, 404 */
  async withdraw(actor: Actor, organizationId: string, id: string): Promise<void> {
    checkOrganization(actor, organizationId, 'manage');
    await this.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [organizationId]);
      await checkOrganizationNow(manager, actor, organizationId, 'manage');
      const [closed] = await rowsOf<{ email: string }>(
        manager,
        `UPDATE organization_invitation SET closed_at = now()
         WHERE id::text = $2 AND organization_id = $1 AND closed_at IS NULL RETURNING email`,
        [organizationId, id],
      );
      if (!closed) throw new Problem(404, 'invitation_not_found', 'There is no such open invitation.');
      await recordAct(manager, actor, organizationId, 'organization-invitation-withdrawn', {
        person: closed.email,
      });
    });
  }

  /** The invitation behind a link. @throws LinkExpired, also when its sender may invite no more */
  async open(token: string, db: Queryable = this.source): Promise<OpenInvitation> {
    const [found] = await rowsOf<OpenInvitation>(
      db,
      `SELECT invitation.id, organization_id, name AS organization, email, role, invited_by
       FROM organization_invitation AS invitation JOIN organization ON organization.id = organization_id
       WHERE token_sha256 = $1 AND ${isAcceptable}`,
      [sha256(token)],
    );
    if (!found) throw new LinkExpired();
    return found;
  }

  /**
   * Makes the actor a member. The link proves that the actor reads the address, so the address is confirmed.
   * A member keeps the role of before.
   * @throws LinkExpired; Problem 403 when the invitation is for another address, or for the platform team
   */
  async accept(actor: Actor, token: string): Promise<OrganizationView> {
    const invitation = await this.open(token);
    if (actor.role !== 'developer')
      throw new Problem(403, 'developer_only', 'The platform team belongs to no organization of developers.');
    if (invitation.email.toLowerCase() !== actor.email.toLowerCase())
      throw new Problem(
        403,
        'invitation_for_another',
        'This invitation is for another address. Sign in with the account of that address.',
      );
    return this.source.transaction(async (manager) => {
      // The sender may lose the right at this moment. A change of roles takes the same lock.
      await manager.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [
        invitation.organization_id,
      ]);
      await this.open(token, manager);
      const closed = await rowsOf(
        manager,
        `UPDATE organization_invitation SET closed_at = now()
         WHERE id = $1 AND closed_at IS NULL AND expires_at > now() RETURNING 1`,
        [invitation.id],
      );
      if (closed.length === 0) throw new LinkExpired();
      const { organization_id: id, organization: name } = invitation;
      await manager.query(
        `INSERT INTO organization_member (organization_id, account_id, role) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING`,
        [id, actor.id, invitation.role],
      );
      await manager.query(
        'UPDATE account SET email_confirmed_at = coalesce(email_confirmed_at, now()) WHERE id = $1',
        [actor.id],
      );
      const [member] = await rowsOf<{ role: OrganizationRole }>(
        manager,
        'SELECT role FROM organization_member WHERE organization_id = $1 AND account_id = $2',
        [id, actor.id],
      );
      const { role } = member ?? invitation;
      await recordAct(manager, actor, id, 'organization-joined', { person: actor.email, role });
      return { id, name, role };
    });
  }

  private async sendMail(
    db: Parameters<Mailer['send']>[0],
    actor: Actor,
    organization: string,
    { email, role }: NewInvitation,
    token: string,
  ): Promise<void> {
    const link = `${this.config.REGISTRATION_URL}/invitation?token=${token}`;
    const { title, summary } = organizationRoleRules[role];
    await this.mailer.send(db, {
      to: email,
      subject: `${organization} invites you to its apps`,
      text:
        `${actor.name} (${actor.email}) invites you into the organization ${organization} at the developer portal ` +
        `of ${this.config.PLAN_NAME}, with the role ${title}: ${summary}\n\n${link}\n\n` +
        `The link works once, for ${lifetimeDays} days, with an account for ${email}. ` +
        'If you do not know the sender, ignore this mail.',
      links: [link],
    });
  }
}
