import { Body, Controller, Header, Post, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { CurrentActor, type Actor } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import {
  initialAccessTokenBody,
  InitialAccessTokens,
  initialAccessTokenView,
} from './initial-access-tokens.service.js';

@ApiTags('dynamic registration')
@Controller('api/initial-access-tokens')
@UseGuards(BearerGuard)
export class InitialAccessTokensController {
  constructor(private readonly tokens: InitialAccessTokens) {}

  @Post()
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Get a token with which a program may register apps for you at POST /register',
    body: initialAccessTokenBody,
    status: 201,
    answer: initialAccessTokenView,
    errors: [400, 403],
  })
  issue(@CurrentActor() actor: Actor, @Body() body: unknown) {
    return this.tokens.issue(actor, parseBody(initialAccessTokenBody, body));
  }
}
