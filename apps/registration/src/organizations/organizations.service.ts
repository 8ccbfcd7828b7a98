import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Problem, rowsOf, type Queryable } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import {
  roleAllows,
  type OrganizationRight,
  type OrganizationRole,
} from '../organization-rights/organization-rights.js';
import { refusePlanName } from '../plan-name/plan-name.js';
import type { Actor } from '../sessions/actor.js';
import { checkOrganization, checkOrganizationNow } from './organization-access.js';
import { historyOf, recordAct } from './organization-acts.js';
import { withdrawInvitationsOf } from './open-invitations.js';
import type { OrganizationAct, OrganizationMember, OrganizationView } from './organization-fields.js';

/** The most organizations of one account. */
const maxOrganizations = 20;

/** Organizations and their members. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The organizations of the actor, the one joined first first. */
  list(actor: Actor): Promise<OrganizationView[]> {
    return rowsOf<OrganizationView>(
      this.source,
      `SELECT id, organization.name, role FROM organization_member JOIN organization ON id = organization_id
       WHERE account_id = $1 ORDER BY joined_at, id`,
      [actor.id],
    );
  }

  /** @throws Problem 404 */
  async find(actor: Actor, id: string): Promise<OrganizationView> {
    const role = checkOrganization(actor, id, 'see');
    const [found] = await rowsOf<{ name: string }>(
      this.source,
      'SELECT name FROM organization WHERE id = $1',
      [id],
    );
    return { id, name: found?.name ?? '', role };
  }

  /**
   * Creates an organization with the actor as its admin.
   * @throws Problem 400 when the name looks like the plan's; 403 for the platform team; 409 when the actor
   * has the maximum number
   */
  async create(actor: Actor, name: string): Promise<OrganizationView> {
    if (actor.role !== 'developer')
      throw new Problem(403, 'developer_only', 'Only developers have organizations; sign up as one.');
    refusePlanName(name, this.config.PLAN_NAME, 'name');
    const id = randomUUID();
    await this.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM account WHERE id = $1 FOR UPDATE', [actor.id]);
      const all = await rowsOf(manager, 'SELECT 1 FROM organization_member WHERE account_id = $1', [
        actor.id,
      ]);
      if (all.length >= maxOrganizations)
        throw new Problem(
          409,
          'too_many_organizations',
          `One person may belong to ${maxOrganizations} organizations. Leave one first.`,
        );
      await manager.query('INSERT INTO organization (id, name) VALUES ($1, $2)', [id, name]);
      await manager.query(
        `INSERT INTO organization_member (organization_id, account_id, role) VALUES ($1, $2, 'admin')`,
        [id, actor.id],
      );
      await recordAct(manager, actor, id, 'organization-created');
    });
    return { id, name, role: 'admin' };
  }

  /** The members, admins first, then by name. @throws Problem 404 */
  members(actor: Actor, id: string): Promise<OrganizationMember[]> {
    checkOrganization(actor, id, 'see');
    return membersOf(this.source, id);
  }

  /** @throws Problem 404 */
  history(actor: Actor, id: string): Promise<OrganizationAct[]> {
    checkOrganization(actor, id, 'see');
    return historyOf(this.source, id);
  }

  /** @throws Problem 403, 404; 409 when no admin would be left */
  async changeRole(actor: Actor, id: string, accountId: string, role: OrganizationRole): Promise<void> {
    checkOrganization(actor, id, 'manage');
    await this.changeMembers(actor, id, 'manage', async (db) => {
      const member = await memberOf(db, id, accountId);
      if (member.role === role) return;
      await db.query(
        'UPDATE organization_member SET role = $3 WHERE organization_id = $1 AND account_id = $2',
        [id, accountId, role],
      );
      await recordAct(db, actor, id, 'organization-role-changed', { person: member.email, role });
      if (!roleAllows(role, 'manage')) await withdrawInvitationsOf(db, actor, id, member.email);
    });
  }

  /**
   * Removes a member. Everybody may remove themselves: they leave.
   * @throws Problem 403, 404; 409 when no admin would be left
   */
  async remove(actor: Actor, id: string, accountId: string): Promise<void> {
    const isOwn = accountId === actor.id;
    const right = isOwn ? 'see' : 'manage';
    checkOrganization(actor, id, right);
    await this.changeMembers(actor, id, right, async (db) => {
      const { email: person } = await memberOf(db, id, accountId);
      await db.query('DELETE FROM organization_member WHERE organization_id = $1 AND account_id = $2', [
        id,
        accountId,
      ]);
      await recordAct(db, actor, id, isOwn ? 'organization-left' : 'organization-member-removed', { person });
      await withdrawInvitationsOf(db, actor, id, person);
    });
  }

  /**
   * One change at a time, so that two admins cannot remove each other. The actor's role is read again under
   * the lock, because it may have changed since the request began.
   */
  private async changeMembers(
    actor: Actor,
    id: string,
    right: OrganizationRight,
    change: (db: Queryable) => Promise<void>,
  ): Promise<void> {
    await this.source.transaction(async (manager) => {
      await manager.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [id]);
      await checkOrganizationNow(manager, actor, id, right);
      await change(manager);
      const admins = await rowsOf(
        manager,
        `SELECT 1 FROM organization_member JOIN account ON account.id = account_id
         WHERE organization_id = $1 AND organization_member.role = 'admin' AND ended_at IS NULL`,
        [id],
      );
      if (admins.length === 0)
        throw new Problem(
          409,
          'last_administrator',
          'Nobody would be left to manage the organization. Make another member an admin first.',
        );
    });
  }
}

function membersOf(db: Queryable, organizationId: string): Promise<OrganizationMember[]> {
  return rowsOf<OrganizationMember>(
    db,
    `SELECT account_id, name, email, organization_member.role, joined_at
     FROM organization_member JOIN account ON account.id = account_id WHERE organization_id = $1
     ORDER BY organization_member.role <> 'admin', lower(name), account_id`,
    [organizationId],
  );
}

async function memberOf(
  db: Queryable,
  organizationId: string,
  accountId: string,
): Promise<OrganizationMember> {
  const found = (await membersOf(db, organizationId)).find(({ account_id }) => account_id === accountId);
  if (!found) throw new Problem(404, 'person_not_found', 'The organization has no such member.');
  return found;
}
