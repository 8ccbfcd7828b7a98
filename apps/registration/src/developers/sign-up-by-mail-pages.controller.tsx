import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { formErrors, sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { PageSession } from '../sessions/page-session.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';
import { signUpFinishBody } from './account-fields.js';
import { FinishSignUpPage } from './sign-up-by-mail-pages.js';
import { SignUpByMail } from './sign-up-by-mail.service.js';

type Fields = Record<string, string | undefined>;

/** The link of the mail of a sign-up. */
@ApiExcludeController()
@Controller('sign-up/finish')
export class SignUpByMailPagesController {
  constructor(
    private readonly signUps: SignUpByMail,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async open(@Query('token') given: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'same-origin');
    this.limits.takeReset(request, reply);
    const token = tokenOf(given);
    const email = await this.signUps.addressOf(token);
    return sendPortalPage(reply, <FinishSignUpPage planName={this.config.PLAN_NAME} {...{ email, token }} />);
  }

  /** The link proves the address, and the password proves the person. So the person is signed in. */
  @Post()
  async finish(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    this.limits.takeReset(request, reply);
    try {
      const place = { entrance: 'page', address: request.ip } as const;
      const { account, next } = await this.signUps.finish(parseBody(signUpFinishBody, body), place);
      await this.session.begin(request, reply, account.id);
      return reply.redirect(next ?? '/apps/new', 303);
    } catch (error) {
      const errors = formErrors(error);
      if (error instanceof TooManyAttempts) void reply.header('retry-after', error.retryAfter);
      const token = tokenOf(body?.token);
      const email = await this.signUps.addressOf(token);
      return sendPortalPage(
        reply,
        <FinishSignUpPage planName={this.config.PLAN_NAME} {...{ email, token, errors }} />,
        error instanceof Problem ? error.getStatus() : 400,
      );
    }
  }
}

const tokenOf = (given: unknown) => (typeof given === 'string' ? given.slice(0, 200) : '');
