import { Body, Controller, Headers, HttpCode, Post, UseFilters } from '@nestjs/common';
import { parseBody, ProblemFilter, ServiceIdentity } from '@payer/service';
import { environmentPath, internalRoutes } from '@payer/smart';
import { z } from 'zod';
import { MemberSessions } from '../http/member-session.js';

const signedOutBody = z.object({ sub: z.string().min(1).max(200) });

/** Ends the sessions of a member who has signed out at the plan's provider. Grants stay. */
@Controller(`${environmentPath}/internal/members`)
@UseFilters(ProblemFilter)
export class SignedOutController {
  constructor(
    private readonly identity: ServiceIdentity,
    private readonly sessions: MemberSessions,
  ) {}

  @Post('signed-out')
  @HttpCode(200)
  async end(@Body() body: unknown, @Headers('authorization') authorization: string | undefined) {
    await this.identity.refuseStrangers(authorization, internalRoutes.consent['sign-out of a member']);
    return { ended: await this.sessions.endAllOf(parseBody(signedOutBody, body).sub) };
  }
}
