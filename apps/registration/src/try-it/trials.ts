import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, Problem } from '@payer/service';
import { planRules, trialEnvironment, type Plan } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { Demonstration } from './demonstration.js';
import { Flow, type Callback } from './flow.js';
import { PortalReadyApps } from '../apps/portal-ready-apps.js';
import type { Run, Step } from './run.js';
import { Runs } from './runs.js';

/**
 * Own redirect URI of a demonstration app. Nothing listens there, because the portal's redirect URI is used.
 */
const demonstrationRedirectUri = 'https://demonstration.invalid/redirect';

/** The requests that a developer may add to a run. */
const acts = {
  refresh: (flow, run) => flow.refresh(run),
  'wrong-secret': (flow, run) => flow.wrongSecret(run),
  'wrong-redirect-uri': (flow, run) => flow.wrongRedirectUri(run),
  'replay-code': (flow, run) => flow.exchange(run),
  'end-token': (flow, run) => flow.endToken(run),
  revoke: (flow, run) => flow.revoke(run),
} satisfies Record<string, (flow: Flow, run: Run) => Promise<Step>>;
export type TrialAct = keyof typeof acts;
export const trialActs = Object.keys(acts) as [TrialAct, ...TrialAct[]];

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
    return ["'self'", new URL(addressesFrom(this.config)[trialEnvironment].issuer).origin];
  }

  /**
   * @returns the next URL for the browser
   * @throws Problem 404, 409; TooManyRequests
   */
  async begin(actor: Actor, clientId: string, request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const app = await this.ready.ready(actor, clientId);
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
  comeBack(request: FastifyRequest, id: string, answer: Callback & { state: string }): Promise<Run> {
    return this.runs.change(request, id, async (run) => {
      if (answer.state !== run.state)
        throw new Problem(
          400,
          'invalid_request',
          'The state is not that of the request. Begin the trial again.',
        );
      // A reload of the callback exchanges nothing, because a code is valid once.
      if (run.is_back) return;
      run.is_back = true;
      await this.flow.cameBack(run, answer);
      if (answer.code) await this.flow.exchange(run);
    });
  }

  /** @throws Problem 404; TooManyRequests */
  act(request: FastifyRequest, reply: FastifyReply, id: string, act: TrialAct): Promise<Run> {
    this.limits.takeTrialAct(request, reply);
    return this.runs.change(request, id, async (run) => {
      await acts[act](this.flow, run);
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
      ...(await this.flow.newState(app)),
      steps: [],
    });
    const page = `/try-it/${run.id}`;
    if (!planRules[plan].grantTypes.includes('authorization_code')) {
      await this.flow.clientCredentials(run);
      await this.runs.save(run);
      return page;
    }
    if (run.is_pushed) {
      const { isOk } = await this.flow.push(run);
      await this.runs.save(run);
      if (!isOk) return page;
    }
    return this.flow.authorizationUrl(run);
  }
}
