import { Body, Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { linkTokenBody } from './account-fields.js';
import { EmailConfirmation } from './email-confirmation.service.js';

/** The confirmation of an email address. */
@ApiTags('developers')
@Controller('api')
export class EmailConfirmationController {
  constructor(
    private readonly confirmation: EmailConfirmation,
    private readonly limits: CreationLimits,
  ) {}

  @Post('email-confirmations')
  @HttpCode(204)
  @ApiCall({
    summary: 'Confirm an email address with the token of the mail’s link',
    open: true,
    body: linkTokenBody,
    status: 204,
    errors: [400, 429],
  })
  async confirm(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { token } = parseBody(linkTokenBody, body);
    this.limits.takeReset(request, reply);
    await this.confirmation.confirm(token);
  }

  @Post('developers/me/email-confirmation')
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
