import { Body, Controller, Delete, Header, Get, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { parseBody, Problem } from '@payer/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { apiSignInBody } from './account-fields.js';
import type { SignedInRequest } from '../sessions/actor.js';
import { BearerGuard } from '../sessions/bearer.guard.js';
import { originOf, PortalSessions } from '../sessions/portal-sessions.js';
import { SessionEnds } from '../sessions/session-ends.js';
import { SignInService } from './sign-in.service.js';

const sessionView = z.object({
  id: z.string(),
  started_at: z.iso.datetime().optional(),
  expires_at: z.date(),
  address: z.string().optional(),
  agent: z.string().optional(),
  is_current: z.boolean(),
});

@ApiTags('sessions')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly accounts: SignInService,
    private readonly sessions: PortalSessions,
    private readonly ends: SessionEnds,
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
  async signIn(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { device_token: knownDevice, ...signIn } = parseBody(apiSignInBody, body);
    const place = { entrance: 'api' as const, address: request.ip, knownDevice };
    const { account, token } = await this.accounts.signIn(signIn, place, originOf(request));
    return {
      token,
      device_token: this.accounts.rememberDevice(account.email),
    };
  }

  @Get()
  @Header('cache-control', 'no-store')
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'Your sessions, of pages and API', answer: z.array(sessionView) })
  list(@Req() { actor, sessionToken }: SignedInRequest) {
    return this.sessions.list(actor.id, sessionToken);
  }

  @Delete()
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'Sign out everywhere: all your sessions end, this one as well', status: 204 })
  async endAll(@Req() { actor }: SignedInRequest): Promise<void> {
    await this.ends.endAll(actor);
  }

  @Delete('current')
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'Sign out: the token ends', status: 204 })
  async signOut(@Req() request: SignedInRequest): Promise<void> {
    await this.sessions.end(request.sessionToken);
  }

  @Delete(':id')
  @HttpCode(204)
  @UseGuards(BearerGuard)
  @ApiCall({ summary: 'End one of your sessions', status: 204, errors: [404] })
  async endOne(@Req() { actor }: SignedInRequest, @Param('id') id: string): Promise<void> {
    if (!(await this.ends.endOne(actor, id)))
      throw new Problem(404, 'not_found', 'You have no session with this id; GET /api/sessions lists yours.');
  }
}
