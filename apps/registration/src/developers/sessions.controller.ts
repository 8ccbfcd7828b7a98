import { Body, Controller, Delete, Header, HttpCode, Ip, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { ApiCall } from '../http/api-docs.js';
import { signInBody } from './account-fields.js';
import type { SignedInRequest } from './actor.js';
import { BearerGuard } from './bearer.guard.js';
import { DevelopersService } from './developers.service.js';
import { PortalSessions } from './portal-sessions.js';

@ApiTags('sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly developers: DevelopersService,
    private readonly sessions: PortalSessions,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Sign in, as a developer or as the platform team',
    open: true,
    body: signInBody,
    answer: z.object({ token: z.string() }),
    errors: [400, 401, 429],
  })
  async signIn(@Body() body: unknown, @Ip() address: string) {
    const account = await this.developers.signIn(parseBody(signInBody, body), { address });
    return { token: await this.sessions.start(account.id) };
  }

  @Delete('current')
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'Sign out: the token ends', status: 204 })
  async signOut(@Req() request: SignedInRequest): Promise<void> {
    await this.sessions.end(request.sessionToken);
  }
}
