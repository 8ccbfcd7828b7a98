import { Injectable } from '@nestjs/common';
import { Problem } from '@payer/service';
import { planRules, plans, type Environment, type Plan } from '@payer/smart';
import { z } from 'zod';
import { AppChanges } from '../apps/app-changes.js';
import { environmentsOf } from '../apps/app-state.js';
import type { Actor } from '../sessions/actor.js';

/** Body of `PUT /api/apps/:client_id/subscription`. */
export const subscriptionBody = z.object({
  plan: z.enum(plans, `must be one of ${plans.join(', ')}`),
});

export interface Subscription {
  plan: Plan;
  environments: Environment[];
}

/** Subscribes an app to exactly one plan, permanently. The subscription opens the sandbox. */
@Injectable()
export class SubscriptionsService {
  constructor(private readonly changes: AppChanges) {}

  /**
   * @throws Problem 409 when the app has another plan, does not fulfil the plan's conditions, or is
   * suspended
   */
  async subscribe(actor: Actor, clientId: string, plan: Plan): Promise<Subscription> {
    const { app } = await this.changes.change(actor, clientId, 'develop', async (app) => {
      if (app.plan === plan) return { record: null, result: undefined };
      if (app.plan)
        throw new Problem(
          409,
          'already_subscribed',
          `The app is subscribed to the ${planRules[app.plan].title}. An app has one plan for good; create another app for the ${planRules[plan].title}.`,
        );
      if (app.status === 'suspended')
        throw new Problem(409, 'app_suspended', `The app is suspended: ${app.suspended_reason ?? ''}`);
      if (planRules[plan].needsRedirectUri && app.redirect_uris.length === 0)
        throw new Problem(
          409,
          'redirect_uri_required',
          `The ${planRules[plan].title} returns members to the app by a redirect URI; add one first (PATCH /api/apps/${clientId}).`,
        );
      app.plan = plan;
      return {
        record: { event: 'app-updated', action: 'plan-subscribed', detail: { plan } },
        result: undefined,
      };
    });
    return { plan, environments: environmentsOf(app) };
  }
}
