import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, knownDeviceLifetime } from '@payer/service';
import type { Config } from '../config.js';
import type { Actor } from './actor.js';
import type { Duty } from '../team-roles/team-roles.js';
import { checkDuty } from './duties.js';
import { originOf, PortalSessions } from './portal-sessions.js';
import { SignInFirst } from './sign-in-first.js';

const cookieName = 'portal_session';
const deviceCookie = 'portal_known_device';

/** The portal's session cookie. */
@Injectable()
export class PageSession {
  constructor(
    private readonly sessions: PortalSessions,
    @Inject(CONFIG) private readonly config: Config,
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

  /**
   * @param duty that one of the person's roles must have; without it, every member of the team passes
   * @throws SignInFirst; Problem 403 for developers, and for a person without such a role
   */
  async requirePlatformTeam(request: FastifyRequest, duty?: Duty): Promise<Actor> {
    const actor = await this.require(request);
    checkDuty(actor, duty);
    return actor;
  }

  /** The token of the current session. */
  token(request: FastifyRequest): string | undefined {
    return request.cookies[cookieName];
  }

  /** Signs in the owner of a new account. @throws SignInFirst when the account has ended already */
  async begin(request: FastifyRequest, reply: FastifyReply, accountId: string): Promise<void> {
    const token = await this.sessions.start(accountId, originOf(request));
    if (token === undefined) throw new SignInFirst();
    this.keep(reply, token);
  }

  /** Gives the browser the token of a session that a sign-in has started. */
  keep(reply: FastifyReply, token: string): void {
    void reply.setCookie(cookieName, token, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.secure,
      maxAge: this.config.SESSION_SECONDS,
    });
  }

  /** The browser's value that identifies it as known from an earlier sign-in. */
  knownDevice(request: FastifyRequest): string | undefined {
    return request.cookies[deviceCookie];
  }

  rememberDevice(reply: FastifyReply, device: string): void {
    void reply.setCookie(deviceCookie, device, {
      // The path also covers the page that asks for the current password.
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: this.secure,
      maxAge: knownDeviceLifetime,
    });
  }

  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = request.cookies[cookieName];
    if (token) await this.sessions.end(token);
    void reply.clearCookie(cookieName, { path: '/' });
  }
}
