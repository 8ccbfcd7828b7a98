import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import {
  CONFIG,
  countSignIn,
  isWorthAnEntry,
  KnownDevices,
  passwordMatches,
  Problem,
  recordAudit,
  SignInThrottle,
} from '@payer/service';
import type { Config } from '../config.js';
import { Account } from '../sessions/account.entity.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';
import { PortalSessions, type SessionOrigin } from '../sessions/portal-sessions.js';
import type { SignIn } from './account-fields.js';

/** The origin of a sign-in attempt. */
export interface SignInPlace {
  entrance: 'page' | 'api';
  /** IP address. */
  address: string;
  /** Value of {@link SignInService.rememberDevice} from an earlier sign-in, if any. */
  knownDevice?: string;
}

/** 401 for an unknown email, and for a wrong or outdated password. */
export class WrongCredentials extends Problem {
  constructor() {
    super(401, 'wrong_credentials', 'Email or password is wrong.');
  }
}

/** Sign-in of developers and of the platform team, by email and password. */
@Injectable()
export class SignInService {
  private readonly throttle: SignInThrottle;
  private readonly devices: KnownDevices;

  constructor(
    private readonly source: DataSource,
    private readonly sessions: PortalSessions,
    @Inject(CONFIG) config: Config,
  ) {
    this.throttle = new SignInThrottle(source);
    this.devices = new KnownDevices(config.PORTAL_SEALING_KEY);
  }

  /**
   * Starts a session.
   * @throws Problem 401 when the email or the password is wrong, or was changed during the sign-in
   * @throws TooManyAttempts before the password check, when the limits are used up
   */
  async signIn(
    { email, password }: SignIn,
    place: SignInPlace,
    origin: SessionOrigin,
  ): Promise<{ account: Account; token: string }> {
    const account = await this.judge(email, password, place);
    const token = await this.sessions.start(account.id, origin, { verified: account.password_hash });
    if (token === undefined) return this.refuse(account);
    countSignIn(account.role, '', 'success');
    await this.record('signed-in', account);
    return { account, token };
  }

  /** Same as {@link signIn}, for a signed-in account that proves its password again. Records no success. */
  async judge(email: string, password: string, place: SignInPlace): Promise<Account> {
    const attempt = {
      realm: 'portal',
      entrance: place.entrance,
      name: email,
      address: place.address,
      device: this.devices.deviceOf(place.knownDevice, email),
    };
    let found: Account | null = null;
    const judgement = await this.throttle.judge(attempt, async () => {
      found = await this.find(email);
      return (await passwordMatches(found?.password_hash, password)) ? (found ?? undefined) : undefined;
    });
    if (judgement.isThrottled) {
      countSignIn('unknown', '', 'throttled');
      const { count, retryAfter } = judgement;
      if (isWorthAnEntry(count)) await this.record('sign-in-throttled', await this.find(email), { count });
      throw new TooManyAttempts(retryAfter);
    }
    if (judgement.result) return judgement.result;
    return this.refuse(found);
  }

  /** @throws Problem 401 */
  private async refuse(owner: Account | null): Promise<never> {
    countSignIn(owner?.role ?? 'unknown', '', 'failure');
    await this.record('sign-in-refused', owner);
    throw new WrongCredentials();
  }

  /** Issues the value that identifies a browser or a program at the account's next sign-in. */
  rememberDevice(email: string): string {
    return this.devices.issue(email);
  }

  private find(email: string): Promise<Account | null> {
    return (
      this.source.manager
        .createQueryBuilder(Account, 'account')
        // Lower case by the rules of the throttle. PostgreSQL's rules differ, for example for İ.
        .where('lower(account.email) = :email AND account.ended_at IS NULL', { email: email.toLowerCase() })
        .getOne()
    );
  }

  /** Omits an address without an account: people type passwords into that field, too. */
  private async record(
    action: 'signed-in' | 'sign-in-refused' | 'sign-in-throttled',
    account: Account | null,
    detail: Record<string, unknown> = {},
  ): Promise<void> {
    await recordAudit(this.source, 'registration', {
      action,
      actor_role: account?.role ?? 'unknown',
      actor: account?.email ?? null,
      detail,
    });
  }
}
