import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, isWorthAnEntry, SignInThrottle } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { redirect } from '../interactions/interactions.js';
import { SignInRecords } from '../interactions/sign-in-records.js';
import { Members } from '../members/members.js';
import { confirmationBy, MemberPasskeys } from '../second-factor/member-passkeys.js';
import { RecentProof } from '../second-factor/recent-proof.js';
import { SecondFactors, type SecondFactorProof } from '../second-factor/second-factors.js';
import { credentialOf, sendDetail, sendOptions } from './answer-script.js';
import { changes } from './changes.js';
import { codeAttempt } from './code.controller.js';
import { renderConfirmPage } from './confirm-page.js';
import { SecondFactorSettings, type Visitor } from './second-factor-settings.js';
import { renderSettingsPage } from './settings-page.js';

type Form = Record<'code' | 'password' | 'response', unknown>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 2000) : '');

/** The settings of the second factor, behind a recent proof. */
@Controller(`${environmentPath}/second-factor`)
export class SecondFactorController {
  private readonly throttle: SignInThrottle;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly members: Members,
    private readonly factors: SecondFactors,
    private readonly passkeys: MemberPasskeys,
    private readonly proof: RecentProof,
    private readonly settings: SecondFactorSettings,
    private readonly records: SignInRecords,
  ) {
    this.throttle = new SignInThrottle(source);
  }

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Query('done') done: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.require(environment, request, reply);
    if (!visitor) return reply;
    if (!visitor.hasRecentProof) return this.confirmPage(visitor, request, reply);
    return this.settings.send(
      reply,
      renderSettingsPage({
        ...this.settings.frame(environment, request),
        address: this.settings.address(environment),
        managementUrl: this.config.addresses[environment].managementUrl,
        state: visitor.state,
        passkeys: await this.passkeys.list(environment, visitor.sub),
        done: changes.find((change) => change === done),
      }),
    );
  }

  /** Takes the proof: the password, and the code of a member with a second factor; or a passkey. */
  @Post('confirm')
  async confirm(
    @Param('environment') environment: Environment,
    @Body() body: Partial<Form> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.require(environment, request, reply);
    if (!visitor) return reply;
    const attempt = codeAttempt(environment, visitor.sub, request.ip, body, 'settings');
    const judgement = await this.throttle.judge(attempt, () => this.check(visitor, body ?? {}));
    const { texts } = this.settings.frame(environment, request);
    if (judgement.isThrottled) {
      const { count } = judgement;
      if (isWorthAnEntry(count))
        await this.records.keep(this.source, environment, 'sign-in-throttled', visitor.sub, undefined, {
          count,
        });
      void reply.code(429).header('retry-after', String(judgement.retryAfter));
      const minutes = Math.ceil(judgement.retryAfter / 60);
      return this.confirmPage(visitor, request, reply, texts.count('signIn.problem.throttled', minutes));
    }
    if (!judgement.result) {
      void reply.code(400);
      const problem = texts.t(visitor.state ? 'secondFactor.problem' : 'secondFactor.problem.password');
      return this.confirmPage(visitor, request, reply, problem);
    }
    this.proof.give(reply, visitor, judgement.result !== 'password');
    return redirect(reply, this.settings.address(environment));
  }

  /** Called by the page's script: options for `navigator.credentials.get()`. */
  @Post('confirm/options')
  async options(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.find(environment, request, reply);
    const { texts } = this.settings.frame(environment, request);
    if (!visitor) return sendDetail(reply, 401, texts.t('secondFactor.signInFirst'));
    const { sub, sessionUid } = visitor;
    const use = confirmationBy(environment, sub, sessionUid);
    return sendOptions(reply, await this.passkeys.requestOptions(environment, sub, use));
  }

  /** A passkey needs no password beside it: its device has verified the person. */
  private async check(
    { environment, sub, sessionUid, state }: Visitor,
    { password, code, response }: Partial<Form>,
  ): Promise<SecondFactorProof | 'password' | undefined> {
    const credential = credentialOf(response);
    if (credential)
      return this.source.transaction(async (manager) => {
        const use = confirmationBy(environment, sub, sessionUid);
        const isAccepted = await this.passkeys.accept(manager, environment, sub, use, credential);
        return isAccepted ? 'passkey' : undefined;
      });
    if (!(await this.members.hasPassword(environment, sub, textOf(password)))) return undefined;
    if (!state) return 'password';
    return this.source.transaction((manager) => this.factors.accept(manager, environment, sub, textOf(code)));
  }

  private confirmPage(visitor: Visitor, request: FastifyRequest, reply: FastifyReply, problem?: string) {
    const { environment, state } = visitor;
    const action = `${this.settings.address(environment)}/confirm`;
    const page = renderConfirmPage({ ...this.settings.frame(environment, request), action, state, problem });
    return this.settings.send(reply, page);
  }
}
