import { Injectable } from '@nestjs/common';
import { Problem } from '@payer/service';
import type { Plan } from '@payer/smart';
import type { Actor } from '../sessions/actor.js';
import { AppChanges } from './app-changes.js';
import type { App } from './app.entity.js';
import { PortalAccess } from './portal-access.js';

/** Apps in whose name the portal may make requests in the sandbox. */
@Injectable()
export class PortalReadyApps {
  constructor(
    private readonly changes: AppChanges,
    private readonly access: PortalAccess,
  ) {}

  /**
   * The app, after the portal's access was published to the other services.
   * @throws Problem 403 and 404 as `checkAccess` does; 409 when the app is suspended or has no plan
   */
  async ready(actor: Actor, clientId: string): Promise<App & { plan: Plan }> {
    const { app } = await this.changes.change(actor, clientId, 'develop', async (app) => {
      refuseUnusable(app);
      const current = this.access.of(clientId);
      const isKnown =
        app.portal_redirect_uri === current.portal_redirect_uri &&
        app.portal_secret_sha256 === current.portal_secret_sha256;
      if (isKnown) return { record: null, result: undefined };
      Object.assign(app, current);
      return {
        record: { event: 'app-updated', action: 'app-updated', detail: { changed: 'portal access' } },
        result: undefined,
      };
    });
    return app as App & { plan: Plan };
  }
}

/** @throws Problem 409 when the sandbox would refuse every request of the app */
export function refuseUnusable(app: App): asserts app is App & { plan: Plan } {
  if (app.status !== 'active')
    throw new Problem(409, 'app_suspended', `The app is suspended: ${app.suspended_reason ?? ''}`);
  if (!app.plan) throw new Problem(409, 'not_subscribed', 'Choose the plan of the app first.');
}
