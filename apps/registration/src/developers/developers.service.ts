import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, hashPassword } from '@payer/service';
import type { Account } from '../sessions/account.entity.js';
import type { Config } from '../config.js';
import { refusePlanName } from '../plan-name/plan-name.js';
import type { SignUp } from './account-fields.js';
import { EmailConfirmation } from './email-confirmation.service.js';
import { addAccount, type NewAccount } from './new-account.js';
import { checkPassword } from './password-rules.js';
import { SignUpByMail } from './sign-up-by-mail.service.js';

/** The result of a sign-up. */
export interface SignedUp {
  account: Omit<NewAccount, 'password_hash'> & { role: Account['role'] };
  /** False when the account opens with the link of a mail. */
  isOpen: boolean;
}

/** Sign-up of developers. */
@Injectable()
export class DevelopersService {
  constructor(
    private readonly source: DataSource,
    private readonly confirmation: EmailConfirmation,
    private readonly byMail: SignUpByMail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param next the page that follows, if it is not the usual one
   * @throws Problem 400 when the password is weak or the organization looks like the plan; 409 when the email
   * has an account, unless sign-ups wait for a mail
   */
  async signUp({ name, organization, email, password }: SignUp, next?: string): Promise<SignedUp> {
    refusePlanName(organization, this.config.PLAN_NAME, 'organization');
    await checkPassword(password, { email, name, organization });
    // A taken address costs a hash, too, so that the time of the answer does not tell it apart.
    const password_hash = await hashPassword(password);
    const person: NewAccount = { id: randomUUID(), name, organization, email, password_hash };
    if (this.byMail.isOn) {
      await this.byMail.begin(person, next);
      return { account: { ...person, role: 'developer' }, isOpen: false };
    }
    return this.source.transaction(async (manager) => {
      const account = await addAccount(manager, person);
      await this.confirmation.send(manager, account);
      return { account, isOpen: true };
    });
  }
}
