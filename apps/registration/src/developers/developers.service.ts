import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, hashPassword, Problem, recordAudit } from '@payer/service';
import { Account } from '../sessions/account.entity.js';
import type { Config } from '../config.js';
import { refusePlanName } from '../plan-name/plan-name.js';
import { EmailConfirmation } from './email-confirmation.service.js';
import { checkPassword } from './password-rules.js';
import type { SignUp } from './account-fields.js';

/** Sign-up of developers. */
@Injectable()
export class DevelopersService {
  constructor(
    private readonly source: DataSource,
    private readonly confirmation: EmailConfirmation,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @throws Problem 400 when the password is weak or the organization looks like the plan, 409 when the email
   * has an account (case-insensitive)
   */
  async signUp({ name, organization, email, password }: SignUp): Promise<Account> {
    refusePlanName(organization, this.config.PLAN_NAME, 'organization');
    checkPassword(password, { email, name, organization });
    const password_hash = await hashPassword(password);
    return this.source.transaction(async (manager) => {
      const account: Account = {
        id: randomUUID(),
        role: 'developer',
        name,
        organization,
        email,
        password_hash,
        created_at: new Date(),
        team_roles: [],
        ended_at: null,
      };
      const inserted = await manager
        .createQueryBuilder()
        .insert()
        .into(Account)
        .values(account)
        .orIgnore()
        .returning('id')
        .execute();
      if ((inserted.raw as unknown[]).length === 0)
        throw new Problem(
          409,
          'email_taken',
          `There is an account for ${email} already; sign in with it, or use another address.`,
        );
      await this.confirmation.send(manager, account);
      await recordAudit(manager, 'registration', {
        actor_role: 'developer',
        actor: email,
        action: 'developer-signed-up',
        detail: { organization },
      });
      return account;
    });
  }
}
