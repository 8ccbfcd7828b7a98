import { Injectable } from '@nestjs/common';
import { Problem } from '@payer/service';
import { z } from 'zod';
import { AppChanges } from '../apps/app-changes.js';
import { plainText } from '../developers/account-fields.js';
import type { Actor } from '../sessions/actor.js';
import { RequestMails } from '../production-requests/request-mails.js';

/** Body of `POST /api/apps/:client_id/suspend`. */
export const suspendBody = z.object({
  reason: plainText(1000).min(1, 'must not be empty: the developer reads it'),
});
/** Body of `POST /api/apps/:client_id/reinstate`. */
export const reinstateBody = z.object({ reason: plainText(1000).nullish() });

/** Milliseconds by which the clocks of registration and auth-server may differ. */
const clockDifference = 60_000;

/** Suspends and reinstates apps. A suspended app works nowhere. */
@Injectable()
export class SuspensionService {
  constructor(
    private readonly changes: AppChanges,
    private readonly mails: RequestMails,
  ) {}

  /** Closes both environments. Tokens issued until now stay refused even after a reinstatement. */
  async suspend(actor: Actor, clientId: string, reason: string): Promise<void> {
    await this.changes.change(actor, clientId, 'govern', async (app, manager) => {
      if (app.status === 'suspended')
        throw new Problem(409, 'already_suspended', 'The app is suspended already.');
      app.status = 'suspended';
      app.suspended_at = new Date();
      app.suspended_reason = reason;
      app.tokens_valid_from = app.suspended_at;
      await this.mails.toDevelopers(manager, app, {
        subject: `Suspended: ${app.client_name}`,
        sentence: 'The platform team has closed sandbox and production for this app. The reason:',
        words: reason,
      });
      return {
        record: { event: 'app-suspended', action: 'app-suspended', detail: { reason } },
        result: undefined,
      };
    });
  }

  /**
   * Reopens the sandbox, and production if it had been approved. Tokens that were issued during the
   * suspension stay refused: a request under way, or a fast clock of auth-server, may have issued a token
   * after the suspension.
   */
  async reinstate(actor: Actor, clientId: string, reason: string | null): Promise<void> {
    await this.changes.change(actor, clientId, 'govern', async (app, manager) => {
      if (app.status !== 'suspended') throw new Problem(409, 'not_suspended', 'The app is not suspended.');
      app.status = 'active';
      const suspension = app.tokens_valid_from?.getTime() ?? 0;
      app.tokens_valid_from = new Date(Math.max(suspension, Date.now() - clockDifference));
      app.suspended_at = null;
      app.suspended_reason = null;
      await this.mails.toDevelopers(manager, app, {
        subject: `Reinstated: ${app.client_name}`,
        sentence: 'The platform team has opened this app again. Tokens from before stay refused.',
        words: reason,
      });
      return {
        record: { event: 'app-updated', action: 'app-reinstated', detail: { reason } },
        result: undefined,
      };
    });
  }
}
