import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { PageSession } from '../sessions/page-session.js';
import { InvitationPage } from './invitation-page.js';
import { InvitationsService } from './invitations.service.js';
import { acceptBody } from './organization-fields.js';
import { organizationAddress } from './organization-page.js';

/** The link of an invitation's mail. */
@ApiExcludeController()
@Controller('invitation')
export class InvitationPagesController {
  constructor(
    private readonly invitations: InvitationsService,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Shows the invitation. Only the form accepts it, so a mail scanner that opens the link joins nothing. */
  @Get()
  async open(@Query('token') token: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    // The URL contains the token, and no other site may learn it from a Referer field.
    void reply.header('referrer-policy', 'same-origin');
    this.limits.takeReset(request, reply);
    const text = typeof token === 'string' ? token.slice(0, 200) : '';
    const invitation = await this.invitations.open(text);
    const actor = await this.session.actor(request);
    const page = <InvitationPage planName={this.config.PLAN_NAME} {...{ actor, invitation }} token={text} />;
    return sendPortalPage(reply, page);
  }

  @Post()
  async accept(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const { id } = await this.invitations.accept(actor, parseBody(acceptBody, body).token);
    return reply.redirect(`${organizationAddress(id)}?done=joined`, 303);
  }
}
