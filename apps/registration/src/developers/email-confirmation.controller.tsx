import { Body, Controller, Get, HttpCode, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CONFIG, parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Config } from '../config.js';
import { ApiCall } from '../http/api-docs.js';
import { sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { PageSession } from '../sessions/page-session.js';
import { EmailConfirmation } from './email-confirmation.service.js';
import { ConfirmedEmailPage } from './email-confirmation-page.js';

const tokenBody = z.object({ token: z.string('must be a text').max(200) });

/** The confirmation of an email address, by page and API. */
@ApiTags('developers')
@Controller()
export class EmailConfirmationController {
  constructor(
    private readonly confirmation: EmailConfirmation,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The link of the mail. A repeated visit shows that the link was used. */
  @Get('confirm-email')
  @ApiCall({ summary: 'The link of the mail, as a page', open: true, errors: [400, 429] })
  async open(@Query('token') token: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'no-referrer');
    this.limits.takeReset(request, reply);
    await this.confirmation.confirm(typeof token === 'string' ? token.slice(0, 200) : '');
    const actor = await this.session.actor(request);
    return sendPortalPage(reply, <ConfirmedEmailPage planName={this.config.PLAN_NAME} actor={actor} />);
  }

  @Post('account/confirm-email')
  @ApiCall({ summary: 'The form of the account page', open: true, errors: [429] })
  async sendFromPage(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    this.limits.takeReset(request, reply);
    await this.confirmation.sendAgain(actor);
    return reply.redirect('/account?changed=link-sent', 303);
  }

  @Post('api/email-confirmations')
  @HttpCode(204)
  @ApiCall({
    summary: 'Confirm an email address with the token of the mail’s link',
    open: true,
    body: tokenBody,
    status: 204,
    errors: [400, 429],
  })
  async confirm(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { token } = parseBody(tokenBody, body);
    this.limits.takeReset(request, reply);
    await this.confirmation.confirm(token);
  }

  @Post('api/developers/me/email-confirmation')
  @UseGuards(BearerGuard)
  @HttpCode(202)
  @ApiCall({ summary: 'Send another link to confirm the email address', status: 202, errors: [429] })
  async sendAgain(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    this.limits.takeReset(request, reply);
    await this.confirmation.sendAgain(actor);
  }
}
