import { Body, Controller, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseBody } from '@payer/service';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { signUpBody } from './account-fields.js';
import { accountView, viewOfAccount } from './account-view.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { DevelopersService } from './developers.service.js';

@ApiTags('developers')
@Controller('api/developers')
export class DevelopersController {
  constructor(
    private readonly developers: DevelopersService,
    private readonly limits: CreationLimits,
  ) {}

  @Post()
  @ApiCall({
    summary:
      'Sign up as a developer. Where accounts open by mail, the link of the mail comes first, and a taken address ' +
      'gets the same answer',
    open: true,
    body: signUpBody,
    status: 201,
    answer: accountView,
    errors: [400, 409, 429],
  })
  async signUp(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const account = parseBody(signUpBody, body);
    this.limits.takeSignUp(request, reply);
    const signedUp = await this.developers.signUp(account);
    return viewOfAccount(signedUp.account);
  }

  @Get('me')
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'The account behind the token', answer: accountView })
  me(@CurrentActor() actor: Actor) {
    return viewOfAccount(actor);
  }
}
