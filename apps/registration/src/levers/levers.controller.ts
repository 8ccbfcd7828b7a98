import { Body, Controller, Delete, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { nextError } from '@payer/smart';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { endedGrantBody, expiredToken, expiredTokenBody, leversView, nextErrorBody } from './lever-fields.js';
import { LeversService } from './levers.service.js';

/** The levers of an app in the sandbox. */
@ApiTags('levers')
@Controller('api/apps/:client_id/levers')
@UseGuards(BearerGuard)
export class LeversController {
  constructor(private readonly levers: LeversService) {}

  @Get()
  @ApiCall({
    summary: 'Levers that wait, live grants in the sandbox, and the errors that can be asked for',
    answer: leversView,
    errors: [404],
  })
  view(@CurrentActor() actor: Actor, @Param('client_id') clientId: string) {
    return this.levers.view(actor, clientId);
  }

  @Post('next-errors')
  @ApiCall({
    summary:
      'Answer the next authorization, token or FHIR request of the app in the sandbox with an error, once',
    body: nextErrorBody,
    status: 201,
    answer: nextError,
    errors: [400, 403, 404, 409],
  })
  failNext(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.levers.failNext(actor, clientId, parseBody(nextErrorBody, body));
  }

  @Delete('next-errors/:lever')
  @HttpCode(204)
  @ApiCall({ summary: 'Take a waiting error back', status: 204, errors: [403, 404, 409] })
  takeBack(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Param('lever') id: string) {
    return this.levers.takeBack(actor, clientId, id);
  }

  @Post('ended-grants')
  @HttpCode(202)
  @ApiCall({
    summary: 'End a grant of the app in the sandbox; it is refused within a second',
    body: endedGrantBody,
    status: 202,
    errors: [400, 403, 404, 409],
  })
  endGrant(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.levers.endGrant(actor, clientId, parseBody(endedGrantBody, body).grant_id);
  }

  @Post('expired-tokens')
  @HttpCode(200)
  @ApiCall({
    summary: 'End an access token of the app in the sandbox; its grant lives on',
    body: expiredTokenBody,
    answer: expiredToken,
    errors: [400, 403, 404, 409],
  })
  expireToken(@CurrentActor() actor: Actor, @Param('client_id') clientId: string, @Body() body: unknown) {
    return this.levers.expireToken(actor, clientId, parseBody(expiredTokenBody, body).access_token);
  }
}
