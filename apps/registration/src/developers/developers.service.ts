import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { countSignIn, hashPassword, passwordMatches, Problem, recordAudit, Throttle } from '@payer/service';
import { Account } from './account.entity.js';
import type { SignIn, SignUp } from './account-fields.js';

/** Failed sign-ins per 15 minutes: for one account from one address, and for one account from anywhere. */
const failuresPerAddress = 10;
const failuresPerAccount = 100;
const throttleWindow = 900;

/** Sign-up and sign-in of developers, and sign-in of the platform team. */
@Injectable()
export class DevelopersService {
  private readonly perAddress: Throttle;
  private readonly perAccount: Throttle;

  constructor(private readonly source: DataSource) {
    this.perAddress = new Throttle(source, failuresPerAddress, throttleWindow);
    this.perAccount = new Throttle(source, failuresPerAccount, throttleWindow);
  }

  /** @throws Problem 409 when the email has an account, in whatever case it was typed */
  async signUp({ name, organization, email, password }: SignUp): Promise<Account> {
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
      await recordAudit(manager, 'registration', {
        actor_role: 'developer',
        actor: email,
        action: 'developer-signed-up',
        detail: { organization },
      });
      return account;
    });
  }

  /**
   * @param address where the request comes from
   * @throws Problem 401 when email and password do not belong together, 429 (with `retryAfter` seconds in its text) after
   * too many failures
   */
  async signIn({ email, password }: SignIn, address: string): Promise<Account> {
    const perAccountKeys = [`portal:${email.toLowerCase()}`];
    const perAddressKeys = [`portal:${email.toLowerCase()}:${address}`];
    const wait = Math.max(
      await this.perAddress.retryAfter(perAddressKeys),
      await this.perAccount.retryAfter(perAccountKeys),
    );
    if (wait > 0) {
      countSignIn('unknown', '', 'throttled');
      throw new TooManyAttempts(wait);
    }
    const account = await this.source.manager
      .createQueryBuilder(Account, 'account')
      .where('lower(account.email) = lower(:email)', { email })
      .getOne();
    if (!(await passwordMatches(account?.password_hash, password)) || !account) {
      countSignIn(account?.role ?? 'unknown', '', 'failure');
      await this.recordSignIn('sign-in-refused', account);
      await this.perAddress.fail([...perAddressKeys, ...perAccountKeys]);
      throw new Problem(401, 'wrong_credentials', 'Email and password do not belong together.');
    }
    await this.perAddress.succeed([...perAddressKeys, ...perAccountKeys]);
    countSignIn(account.role, '', 'success');
    await this.recordSignIn('signed-in', account);
    return account;
  }

  /** An address that has no account is not written down: people type passwords into that field, too. */
  private async recordSignIn(
    action: 'signed-in' | 'sign-in-refused',
    account: Account | null,
  ): Promise<void> {
    await recordAudit(this.source, 'registration', {
      action,
      actor_role: account?.role ?? 'unknown',
      actor: account?.email ?? null,
    });
  }
}

/** 429; the answer carries `Retry-After` (RFC 6585 §4). */
export class TooManyAttempts extends Problem {
  constructor(readonly retryAfter: number) {
    super(429, 'too_many_attempts', `Too many failed sign-ins; try again in ${retryAfter} seconds.`);
  }
}
