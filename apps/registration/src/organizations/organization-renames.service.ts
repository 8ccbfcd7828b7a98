import { Inject, Injectable } from '@nestjs/common';
import { whenRelayed } from '@payer/events';
import { CONFIG, Problem, rowsOf } from '@payer/service';
import { DataSource } from 'typeorm';
import { AppChanges } from '../apps/app-changes.js';
import type { Config } from '../config.js';
import { refusePlanName } from '../plan-name/plan-name.js';
import type { Actor } from '../sessions/actor.js';
import { checkOrganization, checkOrganizationNow } from './organization-access.js';
import { recordAct } from './organization-acts.js';
import type { OrganizationView } from './organization-fields.js';

/** The most renames of one organization in a day: each one publishes every app of the organization. */
const maxPerDay = 10;

/**
 * Renames organizations. The new name holds in the sandbox at once, and in production for each approved app
 * after the platform team's approval.
 */
@Injectable()
export class OrganizationRenames {
  constructor(
    private readonly source: DataSource,
    private readonly apps: AppChanges,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws Problem 400 when the name looks like the plan's; 403, 404; 409 when the organization was renamed
   * too often today
   */
  async rename(actor: Actor, id: string, name: string): Promise<OrganizationView> {
    const role = checkOrganization(actor, id, 'manage');
    refusePlanName(name, this.config.PLAN_NAME, 'name');
    const events = await this.source.transaction(async (manager) => {
      const [before] = await rowsOf<{ name: string }>(
        manager,
        'SELECT name FROM organization WHERE id = $1 FOR UPDATE',
        [id],
      );
      await checkOrganizationNow(manager, actor, id, 'manage');
      if (!before || before.name === name) return [];
      const today = await rowsOf(
        manager,
        `SELECT 1 FROM organization_act WHERE organization_id = $1 AND action = 'organization-renamed'
           AND at > now() - interval '1 day'`,
        [id],
      );
      if (today.length >= maxPerDay)
        throw new Problem(
          409,
          'too_many_renames',
          `An organization is renamed at most ${maxPerDay} times a day. Try again tomorrow.`,
        );
      await manager.query('UPDATE organization SET name = $2 WHERE id = $1', [id, name]);
      // The first organization of an account has the account's id, and the account shows its name.
      await manager.query('UPDATE account SET organization = $2 WHERE id = $1', [id, name]);
      await recordAct(manager, actor, id, 'organization-renamed', { new_name: name }, { from: before.name });
      return this.apps.renameOrganization(manager, id, { from: before.name, to: name });
    });
    if (events.length > 0) await whenRelayed(this.source, events);
    return { id, name, role };
  }
}
