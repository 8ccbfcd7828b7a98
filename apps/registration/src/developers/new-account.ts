import type { EntityManager } from 'typeorm';
import { Problem, recordAudit } from '@payer/service';
import { Account } from '../sessions/account.entity.js';

/** The values of a new developer's account. */
export type NewAccount = Pick<Account, 'id' | 'name' | 'organization' | 'email' | 'password_hash'>;

/** Adds the account of a developer. @throws Problem 409 when the email has an account (case-insensitive) */
export async function addAccount(manager: EntityManager, person: NewAccount): Promise<Account> {
  const account: Account = {
    ...person,
    role: 'developer',
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
      `There is an account for ${person.email} already; sign in with it, or use another address.`,
    );
  await recordAudit(manager, 'registration', {
    actor_role: 'developer',
    actor: account.email,
    action: 'developer-signed-up',
    detail: { organization: account.organization },
  });
  return account;
}
