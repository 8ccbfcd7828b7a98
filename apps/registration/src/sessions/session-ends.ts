import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit, type Queryable } from '@payer/service';
import type { Actor } from './actor.js';
import { endInitialAccessTokens } from './initial-access-token-end.js';
import { PortalSessions } from './portal-sessions.js';

/** Ends sessions from another session of their owner. */
@Injectable()
export class SessionEnds {
  constructor(
    private readonly source: DataSource,
    private readonly sessions: PortalSessions,
  ) {}

  /** @returns whether the session existed and belonged to the owner */
  async endOne(actor: Actor, id: string): Promise<boolean> {
    const isEnded = await this.sessions.endOne(actor.id, id);
    if (isEnded) await this.record(this.source, actor, 1);
    return isEnded;
  }

  /** Ends all sessions, including the current one, and the tokens that programs could still register with. */
  async endAll(actor: Actor): Promise<void> {
    await this.source.transaction(async (manager) => {
      const sessions = await this.sessions.endAll(actor.id, manager);
      await endInitialAccessTokens(manager, actor.id);
      await this.record(manager, actor, sessions);
    });
  }

  private record(db: Queryable, { role, email }: Actor, sessions: number): Promise<void> {
    return recordAudit(db, 'registration', {
      actor_role: role,
      actor: email,
      action: 'sessions-ended',
      detail: { sessions },
    });
  }
}
