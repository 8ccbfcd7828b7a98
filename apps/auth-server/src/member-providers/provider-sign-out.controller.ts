import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { EndedSessions } from './ended-sessions.js';
import { MemberProviders } from './member-providers.js';
import { AfterSignOut } from './protocol/after-sign-out.js';
import { RefusedAnswer } from './protocol/sign-in-protocol.js';

/** Sign-out of a member, begun here or at an OpenID Connect provider. */
@Controller(`${environmentPath}/provider-callback/:provider`)
export class ProviderSignOutController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly providers: MemberProviders,
    private readonly endedSessions: EndedSessions,
  ) {}

  /** The provider returns the browser to this address after a sign-out that began here. */
  @Get('signed-out')
  signedOut(
    @Param('environment') environment: Environment,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { managementUrl } = this.config.addresses[environment];
    const next = new AfterSignOut(this.config).take(request, reply, environment);
    return reply.header('cache-control', 'no-store').redirect(next ?? `${managementUrl}signed-out`, 303);
  }

  /**
   * The provider calls this address after a sign-out that began there (OpenID Connect Back-Channel Logout 1.0
   * §2.5): 200 when every session has ended, 400 for a token that is not valid, 503 when the provider should
   * call again.
   */
  @Post('backchannel-logout')
  async receive(
    @Param('environment') environment: Environment,
    @Param('provider') id: string,
    @Body() body: { logout_token?: unknown } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    void reply.header('cache-control', 'no-store');
    const rule = this.providers.findOpenId(environment, id);
    const token = body?.logout_token;
    const answer = (error_description: string) =>
      reply.code(400).send({ error: 'invalid_request', error_description });
    if (!rule) return answer('there is no such provider');
    if (typeof token !== 'string') return answer('logout_token is missing');
    try {
      const logout = await this.providers.openId.logoutOf(rule, token);
      await this.endedSessions.end(rule, [logout], { id: logout.jti, expiresAt: logout.expiresAt });
    } catch (error) {
      const reason = (error as Error).message;
      request.log.warn({ reason, provider: id }, 'a logout of a provider was not carried out');
      if (error instanceof RefusedAnswer) return answer(reason);
      return reply.code(503).header('retry-after', '5').send({ error: 'temporarily_unavailable' });
    }
    return reply.code(200).send();
  }
}
