import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, rowsOf, Sessions, sessionId, type Queryable } from '@payer/service';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config.js';
import { actorColumns } from './actor-columns.js';
import type { Actor } from './actor.js';

/** The origin of a session, by which its owner recognizes the session in the list. */
export interface SessionOrigin {
  started_at?: string;
  /** IP address. */
  address?: string;
  /** `User-Agent` header, shortened. */
  agent?: string;
}

export interface OwnSession extends SessionOrigin {
  id: string;
  expires_at: Date;
  is_current: boolean;
}

export const originOf = (request: FastifyRequest): SessionOrigin => ({
  started_at: new Date().toISOString(),
  address: request.ip,
  agent: request.headers['user-agent']?.replaceAll('\0', '').slice(0, 200),
});

/** Sessions of the portal, shared by the API (bearer token) and the pages (cookie). */
@Injectable()
export class PortalSessions {
  private readonly sessions: Sessions<SessionOrigin>;

  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) config: Config,
  ) {
    this.sessions = new Sessions(source, config.SESSION_SECONDS);
  }

  /**
   * Starts a session unless the account has ended, or has another password, since the sign-in was judged. The
   * lock waits for a running change of the account, and such a change waits for a session that it ends.
   * @param verified the hash of the password that was judged; undefined for a sign-in without a password
   * @returns the token, or undefined when the account admits the person no more
   */
  start(
    accountId: string,
    origin: SessionOrigin,
    { verified, db }: { verified?: string; db?: Queryable } = {},
  ): Promise<string | undefined> {
    const sql = `SELECT 1 FROM account WHERE id = $1 AND password_hash = coalesce($2, password_hash)
                 AND ended_at IS NULL FOR SHARE`;
    return this.sessions.createIf({ sql, values: [accountId, verified ?? null] }, accountId, origin, db);
  }

  /** The current account of a session token. Undefined when the token is unknown or has expired. */
  async actorOf(token: string | undefined): Promise<Actor | undefined> {
    const session = await this.sessions.find(token);
    if (!session) return undefined;
    const [actor] = await rowsOf<Actor>(
      this.source,
      `SELECT ${actorColumns} FROM account WHERE id = $1 AND ended_at IS NULL`,
      [session.subject],
    );
    return actor;
  }

  /** @param token of the current session */
  async list(accountId: string, token: string | undefined): Promise<OwnSession[]> {
    const current = token && sessionId(token);
    return (await this.sessions.list(accountId)).map(({ id, data, expires_at }) => ({
      ...data,
      id,
      expires_at,
      is_current: id === current,
    }));
  }

  end(token: string): Promise<void> {
    return this.sessions.end(token);
  }

  endOne(accountId: string, id: string): Promise<boolean> {
    return this.sessions.endOne(accountId, id);
  }

  /** Ends all sessions of an account. */
  endAll(accountId: string, db?: Queryable): Promise<number> {
    return this.sessions.endAll(accountId, undefined, db);
  }

  /** Keeps a session live until the transaction ends. @returns false when the session has ended */
  hold(token: string, db: Queryable): Promise<boolean> {
    return this.sessions.hold(token, db);
  }
}
