import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  countSignIn,
  hashPassword,
  KnownDevices,
  passwordMatches,
  Problem,
  recordAudit,
  SignInThrottle,
} from '@payer/service';
import { CONFIG, type RegistrationConfig } from '../config.js';
import { Account } from './account.entity.js';
import type { SignIn, SignUp } from './account-fields.js';

/** Sign-up and sign-in of developers, and sign-in of the platform team. */
@Injectable()
export class DevelopersService {
  private readonly throttle: SignInThrottle;
  private readonly devices: KnownDevices;

  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) config: RegistrationConfig,
  ) {
    this.throttle = new SignInThrottle(source);
    this.devices = new KnownDevices(config.PORTAL_SEALING_KEY);
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
   * @param from the address of the request, and the cookie of a browser in which this account has signed in before
   * @throws Problem 401 when email and password do not belong together, 429 (with `retryAfter` seconds in its text) after
   * too many failures
   */
  async signIn(
    { email, password }: SignIn,
    from: { address: string; knownDevice?: string },
  ): Promise<Account> {
    const device = this.devices.deviceOf(from.knownDevice, email);
    const attempt = { realm: 'portal', name: email, address: from.address, device };
    const wait = await this.throttle.retryAfter(attempt);
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
      await this.throttle.fail(attempt);
      throw new Problem(401, 'wrong_credentials', 'Email and password do not belong together.');
    }
    await this.throttle.succeed(attempt);
    countSignIn(account.role, '', 'success');
    await this.recordSignIn('signed-in', account);
    return account;
  }

  /** Value of the cookie by which the browser is known for this account. */
  rememberDevice(email: string): string {
    return this.devices.issue(email);
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
    super(
      429,
      'too_many_attempts',
      `Too many failed sign-ins; try again in ${Math.ceil(retryAfter / 60)} minutes.`,
    );
  }
}
