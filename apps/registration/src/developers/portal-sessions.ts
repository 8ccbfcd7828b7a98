import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rowsOf, Sessions } from '@payer/service';
import { CONFIG, type RegistrationConfig } from '../config.js';
import type { Actor } from './actor.js';

/** Sessions of the portal: the same for the API (bearer token) and for the pages (cookie). */
@Injectable()
export class PortalSessions {
  private readonly sessions: Sessions<Record<string, never>>;

  constructor(
    private readonly source: DataSource,
    @Inject(CONFIG) config: RegistrationConfig,
  ) {
    this.sessions = new Sessions(source, config.SESSION_SECONDS);
  }

  start(accountId: string): Promise<string> {
    return this.sessions.create(accountId, {});
  }

  /** The account behind a session token, as it is now; undefined when the token is unknown or has expired. */
  async actorOf(token: string | undefined): Promise<Actor | undefined> {
    const session = await this.sessions.find(token);
    if (!session) return undefined;
    const [actor] = await rowsOf<Actor>(
      this.source,
      'SELECT id, role, name, organization, email FROM account WHERE id = $1',
      [session.subject],
    );
    return actor;
  }

  end(token: string): Promise<void> {
    return this.sessions.end(token);
  }
}
