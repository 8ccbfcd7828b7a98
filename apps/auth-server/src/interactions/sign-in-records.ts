import { Injectable } from '@nestjs/common';
import { recordAndTellAudit, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { InteractionDetails } from './interactions.js';

type SignInAction = 'signed-in' | 'sign-in-refused' | 'sign-in-throttled';

/** Audit entries about sign-ins of members. */
@Injectable()
export class SignInRecords {
  /**
   * The relay publishes the entry when it polls next: no decision needs it.
   * @param db the transaction of the sign-in, if there is one
   * @param sub undefined for an unknown name, which is not recorded: people type passwords into that field,
   * too
   * @param details undefined for a proof outside of a sign-in at an app
   */
  async keep(
    db: Queryable,
    environment: Environment,
    action: SignInAction,
    sub: string | undefined,
    details: InteractionDetails | undefined,
    detail: Record<string, unknown> = {},
  ): Promise<void> {
    await recordAndTellAudit(db, 'auth-server', [
      {
        action,
        actor_role: sub ? 'member' : 'unknown',
        actor: sub ?? null,
        environment,
        client_id: details ? String(details.params.client_id) : null,
        sub: sub ?? null,
        detail,
      },
    ]);
  }
}
