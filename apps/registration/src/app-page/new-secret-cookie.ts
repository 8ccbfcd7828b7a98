import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, Sealer, sha256 } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { PageSession } from '../sessions/page-session.js';

const cookieName = 'portal_new_secret';
/** Seconds. */
const shownFor = 3600;

/**
 * Carries a new client secret to the pages that show it, in a sealed cookie of the developer's browser,
 * because the server stores only the hash. The cookie is bound to its app and session, and is valid until the
 * developer confirms that the secret is stored (decision 34).
 */
@Injectable()
export class NewSecretCookie {
  private readonly sealer: Sealer;

  constructor(
    private readonly session: PageSession,
    @Inject(CONFIG) config: Config,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  keep(request: FastifyRequest, reply: FastifyReply, clientId: string, secret: string): void {
    void reply.setCookie(cookieName, this.sealer.seal(secret, this.context(request, clientId)), {
      path: `/apps/${clientId}`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.session.secure,
      maxAge: shownFor,
    });
  }

  /** The secret in clear, or undefined when this app and session have no secret to show. */
  read(request: FastifyRequest, clientId: string): string | undefined {
    const sealed = request.cookies[cookieName];
    if (!sealed) return undefined;
    try {
      return this.sealer.open(sealed, this.context(request, clientId));
    } catch {
      return undefined;
    }
  }

  forget(reply: FastifyReply, clientId: string): void {
    void reply.clearCookie(cookieName, { path: `/apps/${clientId}` });
  }

  private context(request: FastifyRequest, clientId: string): string {
    return `${clientId} ${sha256(this.session.token(request) ?? '')}`;
  }
}
