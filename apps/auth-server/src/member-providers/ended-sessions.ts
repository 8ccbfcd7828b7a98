import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, ServiceIdentity, sha256, useMessageOnce } from '@payer/service';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { endSessions, endSessionsAtConsent } from '../members/end-sign-ins.js';
import { RefusedAnswer, type ProviderLogout } from './protocol/sign-in-protocol.js';
import { ProviderSessions } from './provider-sessions.js';
import type { MemberProviderRule } from '../member-provider-rules/provider-rules.js';

/** Ends the sessions of members whom a provider has signed out, here and at consent. */
@Injectable()
export class EndedSessions {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly identity: ServiceIdentity,
  ) {}

  /**
   * @param logouts the sessions that the message names
   * @param message the id of the message, and when it expires, in seconds since the epoch
   * @throws RefusedAnswer when the message was used before
   * @throws Error when consent does not answer; only the sessions here have ended then
   */
  async end(
    { environment, id }: Pick<MemberProviderRule, 'environment' | 'id'>,
    logouts: readonly ProviderLogout[],
    message: { id: string; expiresAt: number },
  ): Promise<void> {
    const subs = new Set<string>();
    // One transaction, so that a call that failed halfway can be repeated with the same message.
    const ending = this.source.transaction(async (manager) => {
      const key = `logout ${sha256(`${environment} ${id} ${message.id}`)}`;
      if (!(await useMessageOnce(manager, key, message.expiresAt)))
        throw new RefusedAnswer('the message was used before');
      const sessions = new ProviderSessions(manager, this.config.KEY_ENCRYPTION_KEY);
      for (const logout of logouts)
        for (const sub of await sessions.membersOf(environment, id, logout)) subs.add(sub);
      for (const sub of subs) await endSessionsAtConsent(this.identity, this.config, environment, sub);
      await sessions.endAllOf(environment, [...subs]);
    });
    await ending.catch(async (error: unknown) => {
      // Consent does not answer. The sessions here end nevertheless, because not every provider calls again.
      // Their rows stay: a call that does come finds the members by them.
      await endSessions(this.source, environment, [...subs]);
      throw error;
    });
  }
}
