import { Injectable } from '@nestjs/common';
import type { EventConsumer } from '@payer/events';
import { findApp, sha256 } from '@payer/service';
import type { AppState } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { DataSource } from 'typeorm';

/** How long a refusal may wait for news, in milliseconds. */
const patience = 400;

/** The apps, as the app events tell them. */
@Injectable()
export class Apps {
  /** Set when the service starts; absent in tests that have no events. */
  consumer: EventConsumer | undefined;

  constructor(private readonly source: DataSource) {}

  find(clientId: string): Promise<AppState | undefined> {
    return findApp(this.source, clientId);
  }

  /**
   * Finds an app for a decision. Before the answer is "unknown" or "not allowed", the event log is read to its end, so that what was
   * registered or approved a moment ago works.
   *
   * @param acceptable whether the app, as known so far, leads to a yes
   */
  async findFor(clientId: string, acceptable: (app: AppState) => boolean): Promise<AppState | undefined> {
    const known = await this.find(clientId);
    if ((known && acceptable(known)) || !this.consumer) return known;
    await this.consumer.settle(patience).catch(() => false);
    return this.find(clientId);
  }
}

/** Whether the text is one of the app's secrets that are valid now. */
export function secretMatches(app: AppState, secret: string, now = new Date()): boolean {
  const given = Buffer.from(sha256(secret));
  return app.secrets
    .filter(({ expires_at }) => expires_at === null || new Date(expires_at) > now)
    .some(({ sha256: stored }) => {
      const expected = Buffer.from(stored);
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
}
