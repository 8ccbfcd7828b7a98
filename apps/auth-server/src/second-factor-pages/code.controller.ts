import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, countSignIn, SignInThrottle } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import {
  interactionPath,
  Interactions,
  redirect,
  type InteractionDetails,
} from '../interactions/interactions.js';
import { SignInRecords } from '../interactions/sign-in-records.js';
import { withSecondFactor } from '../second-factor/authentication-class.js';
import { renderCodePage } from './second-factor-pages.js';
import { findStep, passStep } from '../second-factor/second-factor-steps.js';
import { SecondFactors } from '../second-factor/second-factors.js';

/** Realm of the sign-in throttle: wrong codes of a member count apart from wrong passwords. */
export const codeRealm = (environment: Environment) => `second factor ${environment}`;

/** The second step of a sign-in: the code, after the right password. */
@Controller(`${interactionPath}/code`)
export class CodeController {
  private readonly throttle: SignInThrottle;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly factors: SecondFactors,
    private readonly interactions: Interactions,
    private readonly records: SignInRecords,
  ) {
    this.throttle = new SignInThrottle(source);
  }

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
    if (!details) return reply;
    const step = await findStep(this.source, environment, details.uid);
    if (!step) return redirect(reply, `/${environment}/interaction/${details.uid}/sign-in`);
    return this.page(environment, details, request, reply);
  }

  @Post()
  async check(
    @Param('environment') environment: Environment,
    @Body() body: { code?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const { uid } = details;
    const step = await findStep(this.source, environment, uid);
    if (!step) return redirect(reply, `/${environment}/interaction/${uid}/sign-in`);
    const { sub } = step;
    const code = typeof body?.code === 'string' ? body.code.slice(0, 64) : '';
    const attempt = { realm: codeRealm(environment), name: sub, address: request.ip };
    const judgement = await this.throttle.judge(attempt, () =>
      this.source.transaction(async (manager) => {
        const proof = await this.factors.accept(manager, environment, sub, code);
        if (!proof) return undefined;
        return (await passStep(manager, environment, uid, sub, proof)) ? proof : undefined;
      }),
    );
    const texts = this.interactions.textsOf(request, details);
    if (judgement.isThrottled) {
      countSignIn('member', environment, 'throttled');
      void reply.code(429).header('retry-after', String(judgement.retryAfter));
      const minutes = Math.ceil(judgement.retryAfter / 60);
      return this.page(
        environment,
        details,
        request,
        reply,
        texts.count('signIn.problem.throttled', minutes),
      );
    }
    // The button was pressed twice: the first request has used the code up.
    const proof = judgement.result ?? (await this.earlierProof(environment, uid, sub));
    if (!proof) {
      await this.records.keep(environment, 'sign-in-refused', sub, details, { by: 'code' });
      countSignIn('member', environment, 'failure');
      void reply.code(401);
      return this.page(environment, details, request, reply, texts.t('code.problem'));
    }
    if (judgement.result) {
      await this.records.keep(environment, 'signed-in', sub, details, { by: proof });
      countSignIn('member', environment, 'success');
    }
    await this.interactions.endSessionOfAnother(environment, details, sub, request, reply);
    return this.interactions.resume(environment, request, reply, {
      login: { accountId: sub, remember: false, ...withSecondFactor(proof) },
    });
  }

  /** The proof that an earlier request with this member's code has stored. */
  private async earlierProof(environment: Environment, uid: string, sub: string) {
    const step = await findStep(this.source, environment, uid);
    return step?.sub === sub ? step.proof : undefined;
  }

  private page(
    environment: Environment,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
    problem?: string,
  ) {
    return this.interactions.send(
      reply,
      renderCodePage({
        texts: this.interactions.textsOf(request, details),
        planName: this.config.PLAN_NAME,
        environment,
        cancelAction: `/${environment}/interaction/${details.uid}/cancel`,
        problem,
      }),
    );
  }
}
