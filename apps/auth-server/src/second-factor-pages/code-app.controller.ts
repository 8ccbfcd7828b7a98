import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, Sealer } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Config } from '../config.js';
import { redirect } from '../interactions/interactions.js';
import { SecondFactors } from '../second-factor/second-factors.js';
import { enrolmentUri, newSecret } from '../second-factor/totp.js';
import { renderCodeAppPage } from './code-app-page.js';
import { SecondFactorSettings, type Visitor } from './second-factor-settings.js';

/** A secret that a page offers. It is stored only after its first code. */
const offerShape = z.object({ secret: z.string(), expires: z.number() });

/** Milliseconds for which an offered secret can be added. */
const offerLifetime = 30 * 60_000;

/** A member adds and removes a code app. */
@Controller(`${environmentPath}/second-factor/code-app`)
export class CodeAppController {
  private readonly sealer: Sealer;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly factors: SecondFactors,
    private readonly settings: SecondFactorSettings,
  ) {
    this.sealer = new Sealer(config.KEY_ENCRYPTION_KEY);
  }

  @Get()
  async show(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    if (!visitor) return reply;
    if (visitor.state?.hasCodes) return redirect(reply, this.settings.address(environment));
    return this.page(visitor, newSecret(), request, reply);
  }

  @Post()
  @HttpCode(200)
  async add(
    @Param('environment') environment: Environment,
    @Body() body: { code?: unknown; sealed?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    if (!visitor) return reply;
    if (visitor.state?.hasCodes) return redirect(reply, this.settings.address(environment));
    const secret = this.offered(visitor, typeof body?.sealed === 'string' ? body.sealed : '');
    if (!secret) return this.page(visitor, newSecret(), request, reply);
    const code = typeof body?.code === 'string' ? body.code.slice(0, 64).replaceAll(/\s/g, '') : '';
    const added = await this.factors.addCodes(environment, visitor.sub, secret, code);
    if (added) return this.settings.changed(visitor, 'codes-added', request, reply, added.recoveryCodes);
    void reply.code(400);
    return this.page(visitor, secret, request, reply, 'wrong code');
  }

  @Post('remove')
  async remove(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visitor = await this.settings.requireProof(environment, request, reply);
    if (!visitor) return reply;
    if (await this.factors.removeCodes(environment, visitor.sub))
      return this.settings.changed(visitor, 'codes-removed', request, reply);
    // A button pressed twice finds the code app removed already.
    return redirect(reply, this.settings.address(environment));
  }

  private page(
    visitor: Visitor,
    secret: string,
    request: FastifyRequest,
    reply: FastifyReply,
    problem?: 'wrong code',
  ) {
    const { environment, member } = visitor;
    const frame = this.settings.frame(environment, request);
    const offer = JSON.stringify({ secret, expires: Date.now() + offerLifetime });
    const page = renderCodeAppPage({
      ...frame,
      address: this.settings.address(environment),
      secret,
      uri: enrolmentUri(secret, member.name, this.config.PLAN_NAME),
      sealed: this.sealer.seal(offer, offerContext(visitor)),
      problem: problem && frame.texts.t('secondFactor.problem.code'),
    });
    return this.settings.send(reply, page);
  }

  /** The secret that a page offered to this member, unless it is too old or altered. */
  private offered(visitor: Visitor, sealed: string): string | undefined {
    try {
      const offer = offerShape.parse(JSON.parse(this.sealer.open(sealed, offerContext(visitor))));
      return offer.expires > Date.now() ? offer.secret : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Binds an offer to its member, so that nobody can add another person's secret. */
const offerContext = ({ environment, sub }: Visitor) => `second factor offer ${environment} ${sub}`;
