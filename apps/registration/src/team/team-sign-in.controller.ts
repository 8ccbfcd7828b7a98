import { Controller, Get, NotFoundException, Req, Res } from '@nestjs/common';
import { Problem } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { PageSession } from '../sessions/page-session.js';
import { originOf } from '../sessions/portal-sessions.js';
import { leavingLifetime, TeamProvider, type ProvidedPerson } from './team-provider.js';
import { TeamSignInService } from './team-sign-in.service.js';

const cookieName = 'portal_leaving';
const path = '/platform/sign-in';

/** Sign-in of the platform team at the plan's provider. */
@ApiExcludeController()
@Controller('platform/sign-in')
export class TeamSignInController {
  constructor(
    private readonly provider: TeamProvider,
    private readonly accounts: TeamSignInService,
    private readonly session: PageSession,
  ) {}

  @Get()
  async leave(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { rule } = this.provider;
    if (!rule) throw new NotFoundException();
    let left;
    try {
      left = await this.provider.leave(rule);
    } catch (error) {
      request.log.error({ reason: (error as Error).message }, 'the provider of the team does not answer');
      throw new Problem(
        503,
        'provider_away',
        'The sign-in of the plan does not answer. Try again in a minute.',
      );
    }
    void reply.setCookie(cookieName, left.kept, {
      path,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.session.secure,
      maxAge: leavingLifetime,
    });
    return reply.header('cache-control', 'no-store').redirect(left.location, 303);
  }

  /** The redirect URI at the provider. */
  @Get('callback')
  async comeBack(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const { rule } = this.provider;
    if (!rule) throw new NotFoundException();
    const kept = request.cookies[cookieName] ?? '';
    void reply.clearCookie(cookieName, { path });
    let person: ProvidedPerson;
    try {
      person = await this.provider.comeBack(rule, request.url.split('?')[1] ?? '', kept);
    } catch (error) {
      request.log.warn({ reason: (error as Error).message }, 'a sign-in of the team was refused');
      throw new Problem(400, 'sign_in_failed', 'The sign-in at the plan did not succeed. Start it again.');
    }
    this.session.keep(reply, await this.accounts.signIn(person, originOf(request)));
    return reply.redirect('/', 303);
  }
}
