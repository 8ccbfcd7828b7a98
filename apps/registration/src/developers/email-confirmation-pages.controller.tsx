import { Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { PageSession } from '../sessions/page-session.js';
import { ConfirmedEmailPage } from './email-confirmation-page.js';
import { EmailConfirmation } from './email-confirmation.service.js';

/** The link of the mail, and the form that sends another one. */
@ApiExcludeController()
@Controller()
export class EmailConfirmationPagesController {
  constructor(
    private readonly confirmation: EmailConfirmation,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The link of the mail. A repeated visit shows that the link was used. */
  @Get('confirm-email')
  async open(@Query('token') token: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'same-origin');
    this.limits.takeReset(request, reply);
    await this.confirmation.confirm(typeof token === 'string' ? token.slice(0, 200) : '');
    const actor = await this.session.actor(request);
    return sendPortalPage(reply, <ConfirmedEmailPage planName={this.config.PLAN_NAME} actor={actor} />);
  }

  @Post('account/confirm-email')
  async sendFromPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    this.limits.takeReset(request, reply);
    await this.confirmation.sendAgain(actor);
    return reply.redirect('/account?changed=link-sent', 303);
  }
}
