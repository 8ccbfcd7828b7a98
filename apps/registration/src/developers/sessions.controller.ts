import { Body, Controller, Delete, Header, HttpCode, Ip, Post, Req, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { parseBody } from '@payer/service';
import { z } from 'zod';
import { ApiCall } from '../http/api-docs.js';
import { apiSignInBody } from './account-fields.js';
import type { SignedInRequest } from './actor.js';
import { BearerGuard } from './bearer.guard.js';
import { PortalSessions } from './portal-sessions.js';
import { SignInService } from './sign-in.service.js';

@ApiTags('sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly accounts: SignInService,
    private readonly sessions: PortalSessions,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiCall({
    summary: 'Sign in, as a developer or as the platform team',
    open: true,
    body: apiSignInBody,
    answer: z.object({
      token: z.string(),
      device_token: z
        .string()
        .describe('Send it with later sign-ins: failures of strangers then never stop them'),
    }),
    errors: [400, 401, 429],
  })
  async signIn(@Body() body: unknown, @Ip() address: string) {
    const { device_token: knownDevice, ...signIn } = parseBody(apiSignInBody, body);
    const account = await this.accounts.signIn(signIn, { entrance: 'api', address, knownDevice });
    return {
      token: await this.sessions.start(account.id),
      device_token: this.accounts.rememberDevice(account.email),
    };
  }

  @Delete('current')
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'Sign out: the token ends', status: 204 })
  async signOut(@Req() request: SignedInRequest): Promise<void> {
    await this.sessions.end(request.sessionToken);
  }
}
