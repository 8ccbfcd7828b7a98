import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, countSignIn, hashPassword, Problem, randomToken, recordAudit, rowsOf } from '@payer/service';
import { DataSource, type EntityManager } from 'typeorm';
import type { Config } from '../config.js';
import { PortalSessions, type SessionOrigin } from '../sessions/portal-sessions.js';
import type { ProvidedPerson } from './team-provider.js';

/** The admitted account, or why the person is refused. */
type Admission = { token: string; email: string } | { refusal: string };

/** Finds or makes the account of a person who has signed in at the provider. */
@Injectable()
export class TeamSignInService {
  constructor(
    private readonly source: DataSource,
    private readonly sessions: PortalSessions,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Starts a session. The provider decides the roles at each sign-in.
   * @returns the token of the session
   * @throws Problem 403 when no group of the person has a role, when the account was ended, or when the
   * address belongs to a developer
   */
  async signIn(person: ProvidedPerson, origin: SessionOrigin): Promise<string> {
    // Nobody signs in with the password of such an account.
    const unknown = await hashPassword(randomToken());
    const result = await this.source.transaction(async (manager): Promise<Admission> => {
      await manager.query('SELECT pg_advisory_xact_lock(hashtext($1))', [
        `${person.issuer} ${person.subject}`,
      ]);
      const account = await this.account(manager, person, unknown);
      if (typeof account === 'string') return { refusal: account };
      await manager.query('UPDATE account SET team_roles = $2, name = $3 WHERE id = $1', [
        account.id,
        person.roles,
        person.name,
      ]);
      if (person.roles.length === 0)
        return { refusal: 'Your groups at the provider give you no role in the platform team.' };
      const token = await this.sessions.start(account.id, origin, { db: manager });
      return token
        ? { token, email: account.email }
        : { refusal: 'An administrator has ended this account.' };
    });
    const isAdmitted = 'token' in result;
    countSignIn('platform', '', isAdmitted ? 'success' : 'failure');
    await recordAudit(this.source, 'registration', {
      action: isAdmitted ? 'signed-in' : 'sign-in-refused',
      actor_role: isAdmitted ? 'platform' : 'unknown',
      actor: 'token' in result ? result.email : null,
      detail: { provider: person.issuer },
    });
    if ('refusal' in result) throw new Problem(403, 'not_in_team', result.refusal);
    return result.token;
  }

  /** @returns the account, or why the person gets none */
  private async account(
    manager: EntityManager,
    person: ProvidedPerson,
    unknown: string,
  ): Promise<{ id: string; email: string; ended_at: Date | null } | string> {
    const [known] = await rowsOf<{ id: string; email: string; ended_at: Date | null }>(
      manager,
      `SELECT id, email, ended_at FROM team_identity JOIN account ON id = account_id
       WHERE issuer = $1 AND subject = $2`,
      [person.issuer, person.subject],
    );
    if (known) return known;
    if (person.roles.length === 0)
      return 'Your groups at the provider give you no role in the platform team.';
    const [sameAddress] = await rowsOf<{ id: string; role: string; email: string; ended_at: Date | null }>(
      manager,
      'SELECT id, role, email, ended_at FROM account WHERE lower(email) = lower($1)',
      [person.email],
    );
    if (sameAddress?.role === 'developer')
      return 'Your address has a developer account. Use another address for one of the two.';
    const id = sameAddress?.id ?? randomUUID();
    if (!sameAddress)
      await manager.query(
        `INSERT INTO account (id, role, name, organization, email, password_hash)
         VALUES ($1, 'platform', $2, $3, $4, $5)`,
        [id, person.name, this.config.PLAN_NAME, person.email, unknown],
      );
    await manager.query('INSERT INTO team_identity (issuer, subject, account_id) VALUES ($1, $2, $3)', [
      person.issuer,
      person.subject,
      id,
    ]);
    return sameAddress ?? { id, email: person.email, ended_at: null };
  }
}
