import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { CurrentActor, type Actor, type SignedInRequest } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import {
  initialAccessTokenBody,
  InitialAccessTokens,
  initialAccessTokenView,
  listedTokenView,
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
  issue(@Req() { actor, sessionToken }: SignedInRequest, @Body() body: unknown) {
    return this.tokens.issue(actor, parseBody(initialAccessTokenBody, body), sessionToken);
  }

  @Get()
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Your initial access tokens that still register apps, without the tokens themselves',
    answer: z.array(listedTokenView),
  })
  list(@CurrentActor() actor: Actor) {
    return this.tokens.list(actor);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiCall({ summary: 'Revoke an initial access token', status: 204, errors: [404] })
  async revoke(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    await this.tokens.revoke(actor, id);
  }
}
