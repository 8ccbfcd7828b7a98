import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Problem, recordAudit, rowsOf, type Queryable } from '@payer/service';
import {
  environments,
  hasLevers,
  leverErrors,
  leverLifetime,
  maxEndedGrants,
  planRules,
  requestKinds,
  type AppLevers,
  type Environment,
  type NextError,
} from '@payer/smart';
import { DataSource } from 'typeorm';
import { AppRequests } from '../activity/app-requests.js';
import { AppChanges, type ChangeRecord } from '../apps/app-changes.js';
import type { App } from '../apps/app.entity.js';
import { environmentsOf } from '../apps/app-state.js';
import { AppsService } from '../apps/apps.service.js';
import { PortalReadyApps, refuseUnusable } from '../apps/portal-ready-apps.js';
import type { Actor } from '../sessions/actor.js';
import type { ExpiredToken, LeverGrant, LeversView, NextErrorBody } from './lever-fields.js';
import { SandboxTokens } from './sandbox-tokens.js';

/** Environments of the grants that a lever can end. */
const leverEnvironments = environments.filter(hasLevers);
/** The most grants of one answer. */
const maxGrants = 50;

/**
 * The levers of an app: its developers make the sandbox answer with an error, or end a grant or a token. Each
 * act is in the audit trail, and its effect is in the app's Activity.
 */
@Injectable()
export class LeversService {
  constructor(
    private readonly source: DataSource,
    private readonly apps: AppsService,
    private readonly changes: AppChanges,
    private readonly ready: PortalReadyApps,
    private readonly tokens: SandboxTokens,
    private readonly requests: AppRequests,
  ) {}

  /** @throws Problem 404 */
  async view(actor: Actor, clientId: string): Promise<LeversView> {
    await this.apps.view(actor, clientId);
    const [row] = await rowsOf<Pick<App, 'levers'>>(
      this.source,
      'SELECT levers FROM app WHERE client_id = $1',
      [clientId],
    );
    return {
      next_errors: waitingOf(row?.levers ?? null),
      grants: await liveGrants(this.source, clientId),
      errors: Object.fromEntries(
        requestKinds.map((endpoint) => [endpoint, leverErrors[endpoint].map(({ code }) => code)]),
      ) as LeversView['errors'],
    };
  }

  /**
   * Makes the next request of the app at an endpoint answer with an error. A lever that waits at the same
   * endpoint is replaced.
   * @throws Problem 403 for a viewer and for the platform team; 404; 409 when the app is suspended or has no
   * plan; 400 when the app's plan never calls the endpoint
   */
  async failNext(actor: Actor, clientId: string, { endpoint, error }: NextErrorBody): Promise<NextError> {
    const expires_at = new Date(Date.now() + leverLifetime * 1000).toISOString();
    const lever: NextError = { id: randomUUID(), endpoint, error, expires_at };
    await this.change(actor, clientId, { lever: 'next-error', endpoint, error }, (levers, app) => {
      if (endpoint === 'authorization' && !planRules[app.plan].needsRedirectUri) {
        const message = `must be token or fhir: the ${planRules[app.plan].title} has no authorization requests`;
        throw new Problem(400, 'invalid_request', `endpoint: ${message}`, [{ field: 'endpoint', message }]);
      }
      const others = levers.next_errors.filter((waiting) => waiting.endpoint !== endpoint);
      return { ...levers, next_errors: [...others, lever] };
    });
    return lever;
  }

  /** Takes a waiting error back. @throws Problem as {@link failNext}; 404 when the lever does not wait */
  async takeBack(actor: Actor, clientId: string, id: string): Promise<void> {
    await this.change(actor, clientId, { lever: 'taken-back', id }, (levers) => {
      const others = levers.next_errors.filter((waiting) => waiting.id !== id);
      if (others.length === levers.next_errors.length)
        throw new Problem(
          404,
          'lever_not_found',
          'No lever with this id waits. It was used, or its time is over.',
        );
      return { ...levers, next_errors: others };
    });
  }

  /**
   * Ends a grant of the app in the sandbox. `consent`, which owns the grant, ends it when it gets the app's
   * new state, and publishes `grant-revoked` as for every grant.
   * @throws Problem as {@link failNext}; 404 when the app has no such live grant in the sandbox
   */
  async endGrant(actor: Actor, clientId: string, grantId: string): Promise<void> {
    await this.change(
      actor,
      clientId,
      { lever: 'end-grant', grant_id: grantId },
      async (levers, app, manager) => {
        const environment = await environmentOfGrant(manager, clientId, grantId);
        if (!environment)
          throw new Problem(404, 'grant_not_found', 'The app has no such live grant in the sandbox.', [
            { field: 'grant_id', message: 'is no live grant of this app in the sandbox' },
          ]);
        await this.requests.recordLever(manager, {
          lever: randomUUID(),
          client_id: app.client_id,
          environment,
          kind: 'authorization',
          method: 'DELETE',
          path: `/grants/${grantId}`,
        });
        const ended = [...levers.ended_grants.filter((id) => id !== grantId), grantId];
        return { ...levers, ended_grants: ended.slice(-maxEndedGrants) };
      },
    );
  }

  /**
   * Revokes an access token of the app in the sandbox.
   * @throws Problem as {@link failNext}; 400 for a token that is no live access token of the app
   */
  async expireToken(actor: Actor, clientId: string, token: string): Promise<ExpiredToken> {
    const app = await this.ready.ready(actor, clientId);
    const usable = environmentsOf(app).filter(hasLevers);
    const { environment, ...expired } = await this.tokens.revoke(clientId, token, usable);
    await this.source.transaction(async (manager) => {
      await recordAudit(manager, 'registration', {
        actor_role: actor.role,
        actor: actor.email,
        action: 'lever-pulled',
        environment,
        client_id: clientId,
        grant_id: expired.grant_id,
        detail: { lever: 'expire-token', jti: expired.jti },
      });
      await this.requests.recordLever(manager, {
        lever: randomUUID(),
        client_id: clientId,
        environment,
        kind: 'token',
        method: 'POST',
        path: '/revoke',
      });
    });
    return expired;
  }

  private async change(
    actor: Actor,
    clientId: string,
    detail: ChangeRecord['detail'],
    next: (
      levers: AppLevers,
      app: App & { plan: NonNullable<App['plan']> },
      manager: Queryable,
    ) => AppLevers | Promise<AppLevers>,
  ): Promise<void> {
    await this.changes.change(actor, clientId, 'develop', async (app, manager) => {
      refuseUnusable(app);
      const ended_grants = app.levers?.ended_grants ?? [];
      app.levers = await next({ next_errors: waitingOf(app.levers), ended_grants }, app, manager);
      return {
        record: { event: 'app-updated', action: 'lever-pulled', detail },
        result: undefined,
      };
    });
  }
}

const waitingOf = (levers: AppLevers | null): NextError[] =>
  levers?.next_errors.filter(({ expires_at }) => Date.parse(expires_at) > Date.now()) ?? [];

const isLive = 'client_id = $1 AND environment = ANY($2) AND revoked_at IS NULL AND expires_at > now()';

/** The live grants of an app where levers exist, newest first, without those that a lever is ending. */
function liveGrants(db: Queryable, clientId: string): Promise<LeverGrant[]> {
  return rowsOf<LeverGrant>(
    db,
    `SELECT grant_id, patient, created_at, expires_at FROM grant_history WHERE ${isLive}
     ORDER BY created_at DESC, grant_id LIMIT ${maxGrants}`,
    [clientId, leverEnvironments],
  );
}

/** The environment of a live grant. Undefined where the app has no such grant, or where no levers exist. */
async function environmentOfGrant(
  db: Queryable,
  clientId: string,
  grantId: string,
): Promise<Environment | undefined> {
  const [grant] = await rowsOf<{ environment: Environment }>(
    db,
    `SELECT environment FROM grant_history WHERE ${isLive} AND grant_id = $3`,
    [clientId, leverEnvironments, grantId],
  );
  return grant?.environment;
}
