import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Problem } from '@payer/service';
import type { SignedInRequest } from './actor.js';
import { PortalSessions } from './portal-sessions.js';

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1), or undefined. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/=-]+) *$/i.exec(header ?? '')?.[1];
}

/**
 * Admits signed-in requests to the JSON API. Others get 401 with `WWW-Authenticate: Bearer` (RFC 6750 §3).
 */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(private readonly sessions: PortalSessions) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const token = bearerToken(request.headers.authorization);
    const actor = await this.sessions.actorOf(token);
    if (!token || !actor) {
      const reply = context.switchToHttp().getResponse<FastifyReply>();
      reply.header('www-authenticate', token ? 'Bearer error="invalid_token"' : 'Bearer');
      throw new Problem(
        401,
        token ? 'invalid_token' : 'not_signed_in',
        token
          ? 'The token is unknown or has expired; get a new one from POST /api/sessions.'
          : 'This call needs the header "Authorization: Bearer <token>"; get a token from POST /api/sessions.',
      );
    }
    request.actor = actor;
    request.sessionToken = token;
    return true;
  }
}
