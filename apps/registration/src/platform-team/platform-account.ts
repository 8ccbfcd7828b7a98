import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, ConfigError, hashPassword, passwordMatches, recordAudit, rowsOf } from '@payer/service';
import type { Config } from '../config.js';
import { passwordProblem } from '../developers/password-rules.js';
import { teamRoles } from '../team-roles/team-roles.js';

/**
 * Creates the first account of the platform team, with every role. Sets the configured password when the
 * configuration has changed, and ends the sessions of the old one. An administrator may end the account when
 * each person has an account.
 */
@Injectable()
export class PlatformAccount implements OnApplicationBootstrap {
  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { PLATFORM_EMAIL: email, PLATFORM_PASSWORD: password, PLAN_NAME } = this.config;
    await this.checkConfigured();
    const [stored] = await rowsOf<{
      password_hash: string;
      configured_password_hash: string | null;
      role: string;
    }>(
      this.source,
      'SELECT password_hash, configured_password_hash, role FROM account WHERE lower(email) = lower($1)',
      [email],
    );
    if (stored?.role === 'developer')
      throw new Error(`PLATFORM_EMAIL ${email} is a developer's account; choose another address.`);
    // A password that the team has changed stays until another one is configured.
    if (!(await passwordMatches(stored?.configured_password_hash ?? undefined, password)))
      await this.setPassword(email, await hashPassword(password), {
        organization: PLAN_NAME,
        before: stored?.configured_password_hash ?? null,
      });
    // The account may lose roles to the persons of the team, but somebody must be able to assign roles.
    await this.source.query(
      `UPDATE account SET team_roles = $2, ended_at = NULL WHERE lower(email) = lower($1) AND NOT EXISTS (
         SELECT 1 FROM account WHERE role = 'platform' AND ended_at IS NULL AND 'administrator' = ANY(team_roles))`,
      [email, teamRoles],
    );
  }

  /**
   * A person chooses this password, so the rules for persons judge it. Only in production, because the word
   * lists take time to load.
   * @throws ConfigError
   */
  private async checkConfigured(): Promise<void> {
    const { PLATFORM_EMAIL: email, PLATFORM_PASSWORD, PLAN_NAME, NODE_ENV } = this.config;
    if (NODE_ENV !== 'production') return;
    const problem = await passwordProblem(PLATFORM_PASSWORD, {
      email,
      name: 'Platform team',
      organization: PLAN_NAME,
    });
    if (problem) throw new ConfigError([`PLATFORM_PASSWORD ${problem}, when NODE_ENV is production`]);
  }

  /** @param before the configured hash that was read; another replica that replaced it did all the work */
  private async setPassword(
    email: string,
    hash: string,
    { organization, before }: { organization: string; before: string | null },
  ): Promise<void> {
    await this.source.transaction(async (manager) => {
      const own = randomUUID();
      const [account] = await rowsOf<{ id: string }>(
        manager,
        `INSERT INTO account (id, role, name, organization, email, password_hash, configured_password_hash)
         VALUES ($1, 'platform', 'Platform team', $2, $3, $4, $4)
         ON CONFLICT (lower(email)) DO UPDATE SET password_hash = excluded.password_hash,
           configured_password_hash = excluded.configured_password_hash
         WHERE account.configured_password_hash IS NOT DISTINCT FROM $5 RETURNING id`,
        [own, organization, email, hash, before],
      );
      if (!account || account.id === own) return;
      // An operator changes the password because somebody else may know the old one.
      await manager.query('DELETE FROM session WHERE subject = $1', [account.id]);
      await manager.query('DELETE FROM password_reset WHERE account_id = $1', [account.id]);
      await recordAudit(manager, 'registration', {
        actor_role: 'system',
        actor: null,
        action: 'password-reset',
        detail: { email, by: 'configuration' },
      });
    });
  }
}
