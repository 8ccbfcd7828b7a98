import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { wakeRelays } from '@payer/events';
import { CONFIG, recordAndTellAudit, Sealer, SignInThrottle } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { TextKey } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Config } from '../config.js';
import { Providers } from '../engine/providers.js';
import { MemberProviders } from '../member-providers/member-providers.js';
import { Members, offersTestMembers, type Member } from '../members/members.js';
import { Interactions } from '../interactions/interactions.js';
import { textsFor } from '../http/languages.js';
import { codeRealm } from './code.controller.js';
import {
  renderEnrolPage,
  renderRecoveryCodesPage,
  renderRemovePage,
  renderSecondFactorMessage,
} from './second-factor-pages.js';
import { SecondFactors } from '../second-factor/second-factors.js';
import { enrolmentUri, newSecret } from '../second-factor/totp.js';

/** A secret that a page offers. It is stored only after its first code. */
const offerShape = z.object({ secret: z.string(), expires: z.number() });

/** Milliseconds for which an offered secret can be added. */
const offerLifetime = 30 * 60_000;

type Form = Record<'code' | 'password' | 'sealed', unknown>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 2000) : '');

/** The page on which a signed-in member adds or removes the second factor. Each change needs the password. */
@Controller(`${environmentPath}/second-factor`)
export class SecondFactorController {
  private readonly sealer: Sealer;
  private readonly throttle: SignInThrottle;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly members: Members,
    private readonly memberProviders: MemberProviders,
    private readonly factors: SecondFactors,
    private readonly engines: Providers,
    private readonly interactions: Interactions,
  ) {
    this.sealer = new Sealer(config.KEY_ENCRYPTION_KEY);
    this.throttle = new SignInThrottle(source);
  }

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.member(environment, request, reply);
    return member ? this.page(environment, member, request, reply) : reply;
  }

  @Post()
  @HttpCode(200)
  async add(
    @Param('environment') environment: Environment,
    @Body() body: Partial<Form> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.member(environment, request, reply);
    if (!member) return reply;
    const secret = this.offered(environment, member, textOf(body?.sealed));
    if (!secret) return this.page(environment, member, request, reply);
    const code = textOf(body?.code).replaceAll(/\s/g, '');
    const codes = await this.judge(environment, member, request, async () =>
      (await this.members.hasPassword(environment, member.sub, textOf(body?.password)))
        ? this.factors.add(environment, member.sub, secret, code)
        : undefined,
    );
    if (!Array.isArray(codes)) return this.page(environment, member, request, reply, codes, secret);
    await this.record(environment, 'second-factor-added', member.sub);
    const { managementUrl } = this.config.addresses[environment];
    return this.interactions.send(
      reply,
      renderRecoveryCodesPage({ ...this.frame(environment, request), codes, managementUrl }),
    );
  }

  @Post('remove')
  @HttpCode(200)
  async remove(
    @Param('environment') environment: Environment,
    @Body() body: Partial<Form> | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const member = await this.member(environment, request, reply);
    if (!member) return reply;
    const removed = await this.judge(environment, member, request, async () =>
      (await this.members.hasPassword(environment, member.sub, textOf(body?.password)))
        ? this.source.transaction(async (manager) => {
            if (!(await this.factors.accept(manager, environment, member.sub, textOf(body?.code))))
              return undefined;
            await this.factors.remove(manager, environment, member.sub);
            return true;
          })
        : undefined,
    );
    if (removed !== true) return this.page(environment, member, request, reply, removed);
    await this.record(environment, 'second-factor-removed', member.sub);
    return this.message(environment, request, reply, 'secondFactor.removed', 'secondFactor.removed.text');
  }

  /** Runs a check of password and code within the limits. @returns its result, or the problem's text */
  private async judge<T>(
    environment: Environment,
    { sub }: Member,
    request: FastifyRequest,
    check: () => Promise<T | undefined>,
  ): Promise<T | string> {
    const attempt = { realm: codeRealm(environment), entrance: 'settings', name: sub, address: request.ip };
    const judgement = await this.throttle.judge(attempt, check);
    const texts = textsFor(request);
    if (judgement.isThrottled)
      return texts.count('signIn.problem.throttled', Math.ceil(judgement.retryAfter / 60));
    return judgement.result ?? texts.t('secondFactor.problem');
  }

  private async page(
    environment: Environment,
    member: Member,
    request: FastifyRequest,
    reply: FastifyReply,
    problem?: string,
    offered?: string,
  ) {
    if (problem) void reply.code(400);
    const frame = this.frame(environment, request);
    const action = `/${environment}/second-factor`;
    const recoveryCodesLeft = await this.factors.recoveryCodesLeft(environment, member.sub);
    if (recoveryCodesLeft !== undefined)
      return this.interactions.send(
        reply,
        renderRemovePage({ ...frame, action: `${action}/remove`, recoveryCodesLeft, problem }),
      );
    const secret = offered ?? newSecret();
    const offer = JSON.stringify({ secret, expires: Date.now() + offerLifetime });
    const sealed = this.sealer.seal(offer, offerContext(environment, member.sub));
    const uri = enrolmentUri(secret, member.name, this.config.PLAN_NAME);
    return this.interactions.send(reply, renderEnrolPage({ ...frame, action, secret, uri, sealed, problem }));
  }

  /** The secret that a page offered to this member, unless it is too old or altered. */
  private offered(environment: Environment, { sub }: Member, sealed: string): string | undefined {
    try {
      const offer = offerShape.parse(JSON.parse(this.sealer.open(sealed, offerContext(environment, sub))));
      return offer.expires > Date.now() ? offer.secret : undefined;
    } catch {
      return undefined;
    }
  }

  /** The signed-in member of this browser. Undefined when a page has been sent instead. */
  private async member(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Member | undefined> {
    // Synthetic members have no secrets, and members of a provider protect their sign-in there.
    if (offersTestMembers(environment) || this.memberProviders.of(environment).length > 0) {
      await this.message(environment, request, reply, 'error.notFound', 'secondFactor.elsewhere', 404);
      return undefined;
    }
    const engine = this.engines.of(environment);
    const { accountId } = await engine.Session.get(engine.createContext(request.raw, reply.raw));
    const member = accountId ? await this.members.find(environment, accountId) : undefined;
    if (!member)
      await this.message(environment, request, reply, 'secondFactor.title', 'secondFactor.signInFirst', 401);
    return member;
  }

  private message(
    environment: Environment,
    request: FastifyRequest,
    reply: FastifyReply,
    title: TextKey,
    text: TextKey,
    status = 200,
  ) {
    const { managementUrl } = this.config.addresses[environment];
    void reply.code(status);
    return this.interactions.send(
      reply,
      renderSecondFactorMessage({ ...this.frame(environment, request), title, text, managementUrl }),
    );
  }

  private frame(environment: Environment, request: FastifyRequest) {
    return { texts: textsFor(request), planName: this.config.PLAN_NAME, environment };
  }

  private async record(
    environment: Environment,
    action: 'second-factor-added' | 'second-factor-removed',
    sub: string,
  ): Promise<void> {
    const entry = { action, actor_role: 'member' as const, actor: sub, environment, sub };
    await recordAndTellAudit(this.source, 'auth-server', [entry]);
    wakeRelays();
  }
}

/** Binds an offer to its member, so that nobody can add another person's secret. */
const offerContext = (environment: Environment, sub: string) => `second factor offer ${environment} ${sub}`;
