import { Injectable } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import { recordAndTellAudit, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';
import type { InteractionDetails } from './interactions.js';

type SignInAction = 'signed-in' | 'sign-in-refused' | 'sign-in-throttled';

/** Audit entries about sign-ins of members. */
@Injectable()
export class SignInRecords {
  constructor(private readonly source: DataSource) {}

  /**
   * @param sub undefined for an unknown name, which is not recorded: people type passwords into that field,
   * too
   */
  async keep(
    environment: Environment,
    action: SignInAction,
    sub: string | undefined,
    details: InteractionDetails,
    detail: Record<string, unknown> = {},
  ): Promise<void> {
    await this.keepIn(this.source, environment, action, sub, details, detail);
    wakeRelays();
  }

  /** Same as {@link keep}, in a transaction whose caller wakes the relays afterwards. */
  async keepIn(
    db: Queryable,
    environment: Environment,
    action: SignInAction,
    sub: string | undefined,
    details: InteractionDetails,
    detail: Record<string, unknown> = {},
  ): Promise<void> {
    await recordAndTellAudit(db, 'auth-server', [
      {
        action,
        actor_role: sub ? 'member' : 'unknown',
        actor: sub ?? null,
        environment,
        client_id: String(details.params.client_id),
        sub: sub ?? null,
        detail,
      },
    ]);
  }
}
