import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, ServiceIdentity, sha256, useMessageOnce } from '@payer/service';
import { environmentPath, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { MemberProviders } from './member-providers.js';
import { AfterSignOut } from './protocol/after-sign-out.js';
import type { LogoutToken } from './openid/logout-token.js';
import { RefusedAnswer } from './protocol/sign-in-protocol.js';
import { ProviderSessions } from './provider-sessions.js';
import type { OpenIdProviderRule } from './rules/provider-rules.js';

/** Milliseconds that consent may take to end its sessions of a member. */
const consentTimeout = 3000;

/** Sign-out of a member, begun here or at an OpenID Connect provider. */
@Controller(`${environmentPath}/provider-callback/:provider`)
export class ProviderSignOutController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly identity: ServiceIdentity,
    private readonly providers: MemberProviders,
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
      await this.endSessions(rule, logout);
    } catch (error) {
      const reason = (error as Error).message;
      request.log.warn({ reason, provider: id }, 'a logout of a provider was not carried out');
      if (error instanceof RefusedAnswer) return answer(reason);
      return reply.code(503).header('retry-after', '5').send({ error: 'temporarily_unavailable' });
    }
    return reply.code(200).send();
  }

  /** Ends the sessions of each member that the token names, here and at consent. */
  private async endSessions(rule: OpenIdProviderRule, logout: LogoutToken): Promise<void> {
    const { environment, id } = rule;
    // One transaction, so that a call that failed halfway can be repeated with the same token.
    await this.source.transaction(async (manager) => {
      const key = `logout ${sha256(`${environment} ${id} ${logout.jti}`)}`;
      if (!(await useMessageOnce(manager, key, logout.expiresAt)))
        throw new RefusedAnswer('the token was used before');
      const sessions = new ProviderSessions(manager, this.config.KEY_ENCRYPTION_KEY);
      for (const sub of await sessions.membersOf(environment, id, logout)) {
        await this.endAtConsent(environment, sub);
        await sessions.endAllOf(environment, sub);
      }
    });
  }

  /** @throws Error when consent does not answer */
  private async endAtConsent(environment: Environment, sub: string): Promise<void> {
    const origin = this.config.CONSENT_INTERNAL_URL ?? this.config.CONSENT_URL;
    const response = await this.identity.call(
      'consent',
      `${origin}/${environment}/internal/members/signed-out`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sub }),
        signal: AbortSignal.timeout(consentTimeout),
      },
    );
    if (!response.ok) throw new Error(`consent answered ${response.status}`);
  }
}
