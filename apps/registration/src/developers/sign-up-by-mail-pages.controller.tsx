import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CONFIG, parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { linkTokenBody } from './account-fields.js';
import { FinishSignUpPage } from './sign-up-by-mail-pages.js';
import { SignUpByMail } from './sign-up-by-mail.service.js';

/** The link of the mail of a sign-up. */
@ApiExcludeController()
@Controller('sign-up/finish')
export class SignUpByMailPagesController {
  constructor(
    private readonly signUps: SignUpByMail,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async open(@Query('token') given: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'same-origin');
    this.limits.takeReset(request, reply);
    const token = typeof given === 'string' ? given.slice(0, 200) : '';
    const signUp = await this.signUps.find(token);
    return sendPortalPage(
      reply,
      <FinishSignUpPage planName={this.config.PLAN_NAME} {...{ signUp, token }} />,
    );
  }

  /** Asks for the password afterwards: the link proves the address, and the password proves the person. */
  @Post()
  async finish(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    this.limits.takeReset(request, reply);
    const { next } = await this.signUps.finish(parseBody(linkTokenBody, body).token);
    return reply.redirect(`/sign-in?${new URLSearchParams({ next: next ?? '/apps/new' })}`, 303);
  }
}
