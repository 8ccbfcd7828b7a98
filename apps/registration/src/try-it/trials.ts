import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, Problem } from '@payer/service';
import { planRules, type Plan } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { Demonstration } from './demonstration.js';
import { Flow } from './flow.js';
import { PortalReadyApps } from '../apps/portal-ready-apps.js';
import type { Run } from './run.js';
import { Runs } from './runs.js';

/**
 * Own redirect URI of a demonstration app. Nothing listens there, because the portal's redirect URI is used.
 */
const demonstrationRedirectUri = 'https://demonstration.invalid/redirect';

/** @throws Problem 409 when a security switch of the app refuses every request that a trial sends */
function refuseOwnRequests(app: App): void {
  const switches = [
    app.require_pushed_authorization_requests && '“Require pushed authorization requests”',
    app.dpop_bound_access_tokens && '“Bind tokens to a key (DPoP)”',
  ].filter((name) => name !== false);
  if (switches.length === 0) return;
  throw new Problem(
    409,
    'try_it_unavailable',
    `The portal cannot try an app with the setting ${switches.join(' or ')}. ` +
      'Switch it off in the settings for the trial, or use your own client.',
  );
}

/** Begins and continues trials: runs of an app's flow in the sandbox. */
@Injectable()
export class Trials {
  constructor(
    private readonly source: DataSource,
    private readonly ready: PortalReadyApps,
    private readonly flow: Flow,
    private readonly runs: Runs,
    private readonly demonstration: Demonstration,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Allowed targets of a form that begins a trial: browsers apply `form-action` to the redirect as well. */
  get formTargets(): string[] {
    return ["'self'", new URL(addressesFrom(this.config).sandbox.issuer).origin];
  }

  /**
   * @returns the next URL for the browser
   * @throws Problem 404; 409 also when the app demands requests that the portal does not make; TooManyRequests
   */
  async begin(actor: Actor, clientId: string, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const app = await this.ready.ready(actor, clientId);
    refuseOwnRequests(app);
    this.limits.takeTrial(request, reply);
    return this.run(app, request, reply);
  }

  /** Same as {@link begin}, with the demonstration app of the plan. */
  async demonstrate(plan: Plan, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    this.limits.takeTrial(request, reply);
    return this.run(await this.demonstrationApp(plan), request, reply);
  }

  /** The demonstration app of the plan, which the sandbox knows with the portal's access. */
  async demonstrationApp(plan: Plan): Promise<App & { plan: Plan }> {
    const { client_id } = await this.demonstration.appOf(plan, demonstrationRedirectUri);
    return this.ready.ready(this.demonstration.actor, client_id);
  }

  async isDemonstration(run: Run): Promise<boolean> {
    const app = await this.source.manager.findOneBy(App, { client_id: run.client_id });
    return app?.owner_id === this.demonstration.actor.id;
  }

  /** Continues after the member's browser has returned with a code or an error. @throws Problem 400, 404 */
  comeBack(
    request: FastifyRequest,
    id: string,
    answer: { state: string; code?: string; error?: string; error_description?: string },
  ): Promise<Run> {
    return this.runs.change(request, id, async (run) => {
      if (answer.state !== run.state)
        throw new Problem(
          400,
          'invalid_request',
          'The state is not that of the request. Begin the trial again.',
        );
      // A reload of the callback exchanges nothing, because a code is valid once.
      if (run.steps.length > 0) return;
      this.flow.cameBack(run, answer);
      if (answer.code) await this.flow.exchange(run);
    });
  }

  act(
    request: FastifyRequest,
    id: string,
    act: 'refresh' | 'wrong-secret' | 'replay-code' | 'revoke',
  ): Promise<Run> {
    return this.runs.change(request, id, async (run) => {
      if (act === 'refresh') await this.flow.refresh(run);
      else if (act === 'replay-code') await this.flow.exchange(run);
      else if (act === 'wrong-secret') await this.flow.wrongSecret(run);
      else await this.flow.revoke(run);
    });
  }

  private async run(
    app: App & { plan: Plan },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    const { client_id, client_name, plan } = app;
    const run = await this.runs.begin(request, reply, {
      client_id,
      client_name,
      plan,
      ...this.flow.newState(),
      steps: [],
    });
    if (planRules[plan].grantTypes.includes('authorization_code')) return this.flow.authorizationUrl(run);
    await this.flow.clientCredentials(run);
    await this.runs.save(run);
    return `/try-it/${run.id}`;
  }
}
