import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type RegistrationConfig } from '../config.js';
import { SignInFirst } from '../http/error-page.js';
import type { Actor } from './actor.js';
import { PortalSessions } from './portal-sessions.js';

const cookieName = 'portal_session';

/** The portal's session cookie. */
@Injectable()
export class PageSession {
  constructor(
    private readonly sessions: PortalSessions,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
  ) {}

  get secure(): boolean {
    return this.config.REGISTRATION_URL.startsWith('https:');
  }

  actor(request: FastifyRequest): Promise<Actor | undefined> {
    return this.sessions.actorOf(request.cookies[cookieName]);
  }

  /** @throws SignInFirst when nobody is signed in */
  async require(request: FastifyRequest): Promise<Actor> {
    const actor = await this.actor(request);
    if (!actor) throw new SignInFirst();
    return actor;
  }

  async begin(reply: FastifyReply, accountId: string): Promise<void> {
    void reply.setCookie(cookieName, await this.sessions.start(accountId), {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.secure,
      maxAge: this.config.SESSION_SECONDS,
    });
  }

  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = request.cookies[cookieName];
    if (token) await this.sessions.end(token);
    void reply.clearCookie(cookieName, { path: '/' });
  }
}
