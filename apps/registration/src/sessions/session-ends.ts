import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { recordAudit } from '@payer/service';
import type { Actor } from './actor.js';
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
    if (isEnded) await this.record(actor, 1);
    return isEnded;
  }

  /** Ends all sessions, including the current one. */
  async endAll(actor: Actor): Promise<void> {
    await this.record(actor, await this.sessions.endAll(actor.id));
  }

  private record({ role, email }: Actor, sessions: number): Promise<void> {
    return recordAudit(this.source, 'registration', {
      actor_role: role,
      actor: email,
      action: 'sessions-ended',
      detail: { sessions },
    });
  }
}
