import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, countSignIn, isWorthAnEntry, SignInThrottle, type SignInAttempt } from '@payer/service';
import type { Environment } from '@payer/smart';
import { memberPasskeyScript } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource, type EntityManager } from 'typeorm';
import { Apps } from '../clients/apps.js';
import type { Config } from '../config.js';
import {
  interactionPath,
  Interactions,
  redirect,
  type InteractionDetails,
} from '../interactions/interactions.js';
import { SignInRecords } from '../interactions/sign-in-records.js';
import { withSecondFactor } from '../second-factor/authentication-class.js';
import { MemberPasskeys, signInOf } from '../second-factor/member-passkeys.js';
import { credentialOf, sendDetail, sendOptions } from './answer-script.js';
import { renderCodePage } from './code-page.js';
import { findStep, lockPassedStep, passStep } from '../second-factor/second-factor-steps.js';
import { SecondFactors, type SecondFactorProof } from '../second-factor/second-factors.js';

/**
 * An attempt with a code, or with a passkey: nobody can guess a passkey, so guesses of codes keep none away.
 * @param entrance page with its own limit
 */
export function codeAttempt(
  environment: Environment,
  sub: string,
  address: string,
  body: { response?: unknown } | undefined,
  entrance = '',
): SignInAttempt {
  const isPasskey = credentialOf(body?.response) !== undefined;
  const realm = `second factor ${environment}`;
  if (isPasskey) return { realm: `${realm}, passkey`, entrance, name: sub, address };
  return { realm, entrance, name: sub, address, isShort: true };
}

/** The step of a sign-in has ended before its session began. */
class StepEnded extends Error {}

/** The second step of a sign-in: a passkey or a code, after the right password. */
@Controller(`${interactionPath}/code`)
export class CodeController {
  private readonly throttle: SignInThrottle;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly factors: SecondFactors,
    private readonly passkeys: MemberPasskeys,
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
    return this.page(environment, step.sub, details, request, reply);
  }

  /** Called by the page's script: options for `navigator.credentials.get()`. */
  @Post('options')
  async options(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply);
    if (!details) return reply;
    const step = await findStep(this.source, environment, details.uid);
    const texts = this.interactions.textsOf(request, details);
    if (!step) return sendDetail(reply, 401, texts.t('error.pageOver.text'));
    const use = signInOf(environment, details.uid, step.sub);
    return sendOptions(reply, await this.passkeys.requestOptions(environment, step.sub, use));
  }

  @Post()
  async check(
    @Param('environment') environment: Environment,
    @Body() body: { code?: unknown; response?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const details = await this.interactions.find(environment, request, reply, 'repeat');
    if (!details) return reply;
    const { uid } = details;
    const step = await findStep(this.source, environment, uid);
    if (!step) return redirect(reply, `/${environment}/interaction/${uid}/sign-in`);
    const { sub } = step;
    const attempt = codeAttempt(environment, sub, request.ip, body);
    const judgement = await this.throttle.judge(attempt, () =>
      this.source.transaction(async (manager) => {
        const proof = await this.accept(manager, environment, uid, sub, body ?? {});
        if (!proof) return undefined;
        return (await passStep(manager, environment, uid, sub, proof)) ? proof : undefined;
      }),
    );
    const texts = this.interactions.textsOf(request, details);
    if (judgement.isThrottled) {
      countSignIn('member', environment, 'throttled');
      const { count } = judgement;
      if (isWorthAnEntry(count))
        await this.records.keep(this.source, environment, 'sign-in-throttled', sub, details, {
          by: 'code',
          count,
        });
      void reply.code(429).header('retry-after', String(judgement.retryAfter));
      const minutes = Math.ceil(judgement.retryAfter / 60);
      const problem = texts.count('signIn.problem.throttled', minutes);
      return this.page(environment, sub, details, request, reply, problem);
    }
    // The button was pressed twice: the first request has used the code or the challenge up.
    const proof = judgement.result ?? (await this.earlierProof(environment, uid, sub));
    if (!proof) {
      const by = body?.response ? 'passkey' : 'code';
      await this.records.keep(this.source, environment, 'sign-in-refused', sub, details, { by });
      countSignIn('member', environment, 'failure');
      void reply.code(401);
      const problem = texts.t(by === 'passkey' ? 'passkey.problem' : 'code.problem');
      return this.page(environment, sub, details, request, reply, problem);
    }
    await this.interactions.endSessionOfAnother(environment, details, sub, request, reply);
    const login = { accountId: sub, remember: false, ...withSecondFactor(proof) };
    try {
      await this.interactions.resume(request, reply, { login }, async (db) => {
        if (!(await lockPassedStep(db, environment, uid, sub))) throw new StepEnded();
        if (judgement.result)
          await this.records.keep(db, environment, 'signed-in', sub, details, { by: proof });
      });
    } catch (error) {
      // The member has a new password since the code was accepted.
      if (error instanceof StepEnded) return redirect(reply, `/${environment}/interaction/${uid}/sign-in`);
      throw error;
    }
    if (judgement.result) countSignIn('member', environment, 'success');
    return reply;
  }

  private async accept(
    manager: EntityManager,
    environment: Environment,
    uid: string,
    sub: string,
    { code, response }: { code?: unknown; response?: unknown },
  ): Promise<SecondFactorProof | undefined> {
    const credential = credentialOf(response);
    if (!credential) {
      const typed = typeof code === 'string' ? code.slice(0, 64) : '';
      return this.factors.accept(manager, environment, sub, typed);
    }
    const use = signInOf(environment, uid, sub);
    return (await this.passkeys.accept(manager, environment, sub, use, credential)) ? 'passkey' : undefined;
  }

  /** The proof that an earlier request of this member has stored. */
  private async earlierProof(environment: Environment, uid: string, sub: string) {
    const step = await findStep(this.source, environment, uid);
    return step?.sub === sub ? step.proof : undefined;
  }

  private async page(
    environment: Environment,
    sub: string,
    details: InteractionDetails,
    request: FastifyRequest,
    reply: FastifyReply,
    problem?: string,
  ) {
    // The member may have removed the second factor at another device since the password.
    const none = { hasCodes: false, hasPasskeys: false };
    const step = `/${environment}/interaction/${details.uid}`;
    const app = await this.apps.findIn(environment, String(details.params.client_id));
    const page = renderCodePage({
      texts: this.interactions.textsOf(request, details),
      planName: this.config.PLAN_NAME,
      environment,
      state: (await this.factors.stateOf(environment, sub)) ?? none,
      action: `${step}/code`,
      cancelAction: app && `${step}/cancel`,
      problem,
    });
    return this.interactions.send(reply, page, memberPasskeyScript);
  }
}
