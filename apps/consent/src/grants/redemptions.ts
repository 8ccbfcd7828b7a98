import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, rowsOf, ServiceIdentity } from '@payer/service';
import { consentDecisionLifetime, type Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config.js';
import { Grants } from './grants.js';

/** Milliseconds between two checks of all pending grants. */
export const redemptionInterval = 1000;

/** The most grants in one request to auth-server. */
const batchSize = 500;

const answer = z.object({ redeemed: z.array(z.string()) });

interface PendingGrant {
  grant_id: string;
  environment: Environment;
  is_overdue: boolean;
}

/**
 * Finds out which consent decisions have reached auth-server. The browser carries a decision there, and
 * consent asks auth-server, the owner of this fact. So neither the sign-in nor the member's page depends on
 * the event log.
 *
 * - Redeemed: the grant becomes active.
 * - Not redeemed, and the decision has expired: auth-server can no longer accept it, so the grant is revoked.
 * - auth-server does not answer: the grant stays pending.
 */
@Injectable()
export class Redemptions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly grants: Grants,
    private readonly identity: ServiceIdentity,
  ) {}

  /** Checks all pending grants. @throws Error when auth-server does not answer */
  async check(): Promise<void> {
    await this.apply(await this.pending('true', []));
  }

  /**
   * Checks the pending grants of a member who opens the connected apps.
   * @returns whether auth-server has answered; without an answer the state of the pending grants is unknown
   */
  async checkOf(environment: Environment, sub: string): Promise<boolean> {
    try {
      await this.apply(await this.pending('environment = $2 AND sub = $3', [environment, sub]));
      return true;
    } catch {
      return false;
    }
  }

  private pending(condition: string, parameters: unknown[]): Promise<PendingGrant[]> {
    return rowsOf<PendingGrant>(
      this.source,
      `SELECT grant_id, environment, confirm_by < now() AS is_overdue FROM app_grant
       WHERE status = 'pending' AND ${condition} ORDER BY confirm_by LIMIT $1`,
      [batchSize, ...parameters],
    );
  }

  private async apply(pending: readonly PendingGrant[]): Promise<void> {
    for (const environment of new Set(pending.map((grant) => grant.environment))) {
      const own = pending.filter((grant) => grant.environment === environment);
      const redeemed = await this.ask(
        environment,
        own.map(({ grant_id }) => grant_id),
      );
      await this.grants.confirm(redeemed);
      const overdue = own.filter(({ grant_id, is_overdue }) => is_overdue && !redeemed.includes(grant_id));
      for (const { grant_id } of overdue) await this.grants.endUnredeemed(grant_id);
    }
  }

  private async ask(environment: Environment, grantIds: string[]): Promise<string[]> {
    const response = await this.identity.call(
      'auth-server',
      `${this.config.AUTH_SERVER_INTERNAL_URL}/${environment}/internal/grants/redeemed`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ grant_ids: grantIds }),
        signal: AbortSignal.timeout(2000),
      },
    );
    if (!response.ok) throw new Error(`auth-server answered ${response.status} about redeemed grants`);
    const { redeemed } = answer.parse(await response.json());
    return grantIds.filter((id) => redeemed.includes(id));
  }
}

/** Seconds by which the clocks of consent and auth-server may differ. */
const clockTolerance = 60;

/** The instant after which auth-server no longer accepts a decision that is signed now. */
export function confirmBy(now = Date.now()): Date {
  return new Date(now + (consentDecisionLifetime + clockTolerance) * 1000);
}
