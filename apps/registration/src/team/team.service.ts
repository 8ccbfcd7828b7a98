import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  CONFIG,
  hashPassword,
  Problem,
  randomToken,
  recordAudit,
  rowsOf,
  sha256,
  type Queryable,
} from '@payer/service';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config.js';
import { emailAddress, plainLine } from '../developers/account-fields.js';
import type { Actor } from '../sessions/actor.js';
import { Mailer } from '../mail/mailer.js';
import { teamRoles } from '../team-roles/team-roles.js';

const roles = z
  .array(z.enum(teamRoles, { error: `must be among ${teamRoles.join(', ')}` }), 'must be a list of roles')
  .min(1, 'must have at least one role')
  .transform((given) => [...new Set(given)]);

/** Body of `POST /api/team`. */
export const newMemberBody = z.object({ name: plainLine(100), email: emailAddress, roles });
/** Body of `PATCH /api/team/:id`. */
export const memberChangeBody = z.object({
  roles: roles.optional(),
  /** True ends the account and its sessions. False opens it again. */
  ended: z.boolean('must be true or false').optional(),
});

/** A member of the platform team in the answers of the API. */
export const teamMember = z.object({
  id: z.uuid(),
  name: z.string(),
  email: z.string(),
  roles: z.array(z.enum(teamRoles)),
  ended_at: z.iso.datetime().nullable(),
  created_at: z.iso.datetime(),
  /** Whether the person signs in at the plan's provider. */
  has_provider: z.boolean(),
  /** Whether it is the account of PLATFORM_EMAIL, which belongs to no person. */
  is_shared: z.boolean(),
});
export type TeamMember = z.infer<typeof teamMember>;

/** Days for which the link to a first password is valid. */
const invitationDays = 7;

/** Accounts of the platform team, one for each person. */
@Injectable()
export class TeamService {
  constructor(
    private readonly source: DataSource,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Open accounts first, by name. */
  async list(db: Queryable = this.source): Promise<TeamMember[]> {
    const rows = await rowsOf<
      Omit<TeamMember, 'ended_at' | 'created_at'> & { ended_at: Date | null; created_at: Date }
    >(
      db,
      `SELECT id, name, email, team_roles AS roles, ended_at, created_at, lower(email) = lower($1) AS is_shared,
              EXISTS (SELECT 1 FROM team_identity WHERE account_id = account.id) AS has_provider
       FROM account WHERE role = 'platform' ORDER BY ended_at IS NOT NULL, lower(name), id`,
      [this.config.PLATFORM_EMAIL],
    );
    return rows.map((row) => ({
      ...row,
      ended_at: row.ended_at?.toISOString() ?? null,
      created_at: row.created_at.toISOString(),
    }));
  }

  /**
   * Adds a person, who chooses a password by the link of a mail.
   * @throws Problem 409 when the address has an account
   */
  async add(actor: Actor, person: z.infer<typeof newMemberBody>): Promise<TeamMember> {
    const id = randomUUID();
    // Nobody knows this password. The link sets another one.
    const unknown = await hashPassword(randomToken());
    const token = randomToken();
    return this.source.transaction(async (manager) => {
      const inserted = await rowsOf(
        manager,
        `INSERT INTO account (id, role, name, organization, email, password_hash, team_roles)
         VALUES ($1, 'platform', $2, $3, $4, $5, $6) ON CONFLICT (lower(email)) DO NOTHING RETURNING 1`,
        [id, person.name, this.config.PLAN_NAME, person.email, unknown, person.roles],
      );
      if (inserted.length === 0)
        throw new Problem(
          409,
          'email_taken',
          `There is an account for ${person.email} already. A person of the team needs an address without one.`,
          [{ field: 'email', message: 'has an account already' }],
        );
      await manager.query(
        `INSERT INTO password_reset (token_sha256, account_id, expires_at)
         VALUES ($1, $2, now() + make_interval(days => $3))`,
        [sha256(token), id, invitationDays],
      );
      const link = `${this.config.REGISTRATION_URL}/reset-password?token=${token}`;
      await this.mailer.send(manager, {
        to: person.email,
        subject: `Your account in the platform team of ${this.config.PLAN_NAME}`,
        text:
          `${actor.name} has made an account for you in the developer portal. Choose your password:\n\n${link}\n\n` +
          `The link works once, for ${invitationDays} days.`,
        links: [link],
      });
      await this.record(manager, actor, 'team-member-added', { email: person.email, roles: person.roles });
      return this.find(manager, id);
    });
  }

  /**
   * Changes the roles of a person, or ends the account with its sessions.
   * @throws Problem 404; 409 when nobody would be left to assign roles
   */
  async change(actor: Actor, id: string, change: z.infer<typeof memberChangeBody>): Promise<TeamMember> {
    return this.source.transaction(async (manager) => {
      // One change at a time, so that two administrators cannot remove each other.
      await manager.query(`SELECT 1 FROM account WHERE role = 'platform' ORDER BY id FOR UPDATE`);
      const before = await this.find(manager, id);
      const now = {
        roles: change.roles ?? before.roles,
        ended: change.ended ?? before.ended_at !== null,
      };
      await manager.query(
        `UPDATE account SET team_roles = $2, ended_at = CASE WHEN $3 THEN coalesce(ended_at, now()) END
         WHERE id = $1`,
        [id, now.roles, now.ended],
      );
      const administrators = (await this.list(manager)).filter(
        (member) => member.ended_at === null && member.roles.includes('administrator'),
      );
      if (administrators.length === 0)
        throw new Problem(
          409,
          'last_administrator',
          'Nobody would be left to manage the team. Make another person an administrator first.',
        );
      if (now.ended) {
        await manager.query('DELETE FROM session WHERE subject = $1', [id]);
        await manager.query('DELETE FROM password_reset WHERE account_id = $1', [id]);
      }
      await this.record(manager, actor, 'team-member-changed', { email: before.email, ...now });
      return this.find(manager, id);
    });
  }

  private async find(db: Queryable, id: string): Promise<TeamMember> {
    const found = (await this.list(db)).find((member) => member.id === id);
    if (!found) throw new Problem(404, 'person_not_found', 'There is no such person in the team.');
    return found;
  }

  private record(
    db: Queryable,
    { role, email }: Actor,
    action: 'team-member-added' | 'team-member-changed',
    detail: Record<string, unknown>,
  ): Promise<void> {
    return recordAudit(db, 'registration', { actor_role: role, actor: email, action, detail });
  }
}
