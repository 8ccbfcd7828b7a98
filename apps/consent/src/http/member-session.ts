import { Sessions, type Queryable } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';

/** Seconds. */
export const sessionLifetime = 30 * 60;

export interface SessionData {
  environment: Environment;
  /** The member's own patient. Null for a person without own records here. */
  patient: string | null;
  name: string;
}

export interface SignedInMember extends SessionData {
  sub: string;
}

const cookieName = (environment: Environment) => `consent_session_${environment}`;

/**
 * The member's session at consent. It begins with a consent request that is bound to this browser, or with a
 * sign-in at auth-server that this browser started. Both identify the member who has just signed in. Each
 * session has a new token, so a token that was planted in a browser beforehand is invalid (session fixation).
 */
export class MemberSessions {
  private readonly sessions: Sessions<SessionData>;

  constructor(
    source: DataSource,
    private readonly secure: boolean,
  ) {
    this.sessions = new Sessions<SessionData>(source, sessionLifetime);
  }

  async begin(reply: FastifyReply, member: SignedInMember): Promise<void> {
    this.give(reply, member.environment, await this.create(member));
  }

  /**
   * Stores a session.
   * @param db a transaction that the session belongs to
   * @returns the token, for {@link give} after the commit
   */
  create({ sub, ...data }: SignedInMember, db?: Queryable): Promise<string> {
    return this.sessions.create(sub, data, db);
  }

  /** Gives the token of a stored session to the browser. */
  give(reply: FastifyReply, environment: Environment, token: string): void {
    void reply.setCookie(cookieName(environment), token, {
      path: `/${environment}`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.secure,
      maxAge: sessionLifetime,
    });
  }

  async find(request: FastifyRequest, environment: Environment): Promise<SignedInMember | undefined> {
    const session = await this.sessions.find(request.cookies[cookieName(environment)]);
    if (!session || session.data.environment !== environment) return undefined;
    return { sub: session.subject, ...session.data };
  }

  async end(request: FastifyRequest, reply: FastifyReply, environment: Environment): Promise<void> {
    const token = request.cookies[cookieName(environment)];
    if (token) await this.sessions.end(token);
    void reply.clearCookie(cookieName(environment), { path: `/${environment}` });
  }

  /** Ends every session of a member, who has signed out elsewhere. @returns the number of sessions */
  endAllOf(sub: string): Promise<number> {
    return this.sessions.endAll(sub);
  }
}
