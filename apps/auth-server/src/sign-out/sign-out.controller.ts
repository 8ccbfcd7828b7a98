import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG } from '@payer/service';
import type { Config } from '../config.js';
import { ConsentMessages } from '../consent/consent-messages.js';
import { Providers } from '../engine/providers.js';
import { ProviderSignOut } from '../member-providers/provider-sign-out.js';

/**
 * Ends the session at auth-server after a sign-out at the connected apps. The browser then goes to the
 * member's provider, if the session there is to be ended, too, and back to the connected apps.
 */
@Controller(`${environmentPath}/sign-out`)
export class SignOutController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly messages: ConsentMessages,
    private readonly providers: Providers,
    private readonly providerSignOut: ProviderSignOut,
  ) {}

  @Get()
  async signOut(
    @Param('environment') environment: Environment,
    @Query('request') token: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const addresses = this.config.addresses[environment];
    const provider = this.providers.of(environment);
    let next: string | undefined;
    try {
      const { sub } = await this.messages.signOut(token ?? '', addresses);
      const session = await provider.Session.get(provider.createContext(request.raw, reply.raw));
      if (session.accountId === sub) await session.destroy();
      next = await this.providerSignOut.leave(request, reply, environment, sub);
    } catch (error) {
      // A sign-out needs consent's signature, so that a link on a foreign page cannot sign a member out.
      request.log.warn({ reason: (error as Error).message }, 'a sign-out was refused');
    }
    next ??= `${addresses.managementUrl}signed-out`;
    return reply.header('cache-control', 'no-store').redirect(next, 303);
  }
}
