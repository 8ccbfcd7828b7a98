import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { AfterSignOut } from './protocol/after-sign-out.js';
import { MemberProviders } from './member-providers.js';
import type { ProviderSession } from './protocol/sign-in-protocol.js';
import { ProviderSessions, providerSessionLifetime } from './provider-sessions.js';

const cookieName = (environment: Environment) => `auth_provider_session_${environment}`;

/** Connects the session of a browser with the member's session at the provider. */
@Injectable()
export class ProviderSignOut {
  private readonly sessions: ProviderSessions;
  private readonly afterSignOut: AfterSignOut;
  private readonly logger = new Logger('provider sign-out');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    source: DataSource,
    private readonly providers: MemberProviders,
  ) {
    this.sessions = new ProviderSessions(source, config.KEY_ENCRYPTION_KEY);
    this.afterSignOut = new AfterSignOut(config);
  }

  /** Remembers the provider's session, for the sign-out of this browser. */
  async remember(
    reply: FastifyReply,
    environment: Environment,
    signIn: { provider: string; sub: string; session: ProviderSession },
  ): Promise<void> {
    const token = await this.sessions.keep(environment, signIn.provider, signIn.sub, signIn.session);
    void reply.setCookie(cookieName(environment), token, {
      path: `/${environment}/`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.config.AUTH_SERVER_URL.startsWith('https:'),
      maxAge: providerSessionLifetime,
    });
  }

  /**
   * Ends the session of a member who signs out in this browser.
   * @param next where the browser goes after the provider; the connected apps when left out
   * @returns the address at the provider that the browser goes to next, if there is one
   */
  async leave(
    request: FastifyRequest,
    reply: FastifyReply,
    environment: Environment,
    sub: string,
    next?: string,
  ): Promise<string | undefined> {
    const token = request.cookies[cookieName(environment)];
    if (!token) return undefined;
    void reply.clearCookie(cookieName(environment), { path: `/${environment}/` });
    const ended = await this.sessions.end(environment, token, sub);
    const rule = ended && this.providers.find(environment, ended.provider);
    if (!rule) return undefined;
    try {
      const url = await this.providers.endSessionUrl(rule, ended.hint);
      // An earlier sign-out may have left its address behind, when the member closed the provider's page.
      if (url && next) this.afterSignOut.keep(reply, environment, next);
      else this.afterSignOut.forget(reply, environment);
      return url;
    } catch (error) {
      // The member is signed out here in any case.
      this.logger.warn(`${rule.id} does not answer: ${(error as Error).message}`);
      return undefined;
    }
  }
}
