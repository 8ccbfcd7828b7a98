import { Injectable } from '@nestjs/common';
import { findApp, sha256 } from '@payer/service';
import type { AppState } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { DataSource } from 'typeorm';
import { EventFreshness } from '../event-freshness.js';

/** Whether the text can be a client id at all: letters and digits. What comes from outside may hold anything, also what no database takes. */
export function isClientId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,100}$/.test(text);
}

/** The apps, as the app events tell them. */
@Injectable()
export class Apps {
  constructor(
    private readonly source: DataSource,
    private readonly freshness: EventFreshness,
  ) {}

  find(clientId: string): Promise<AppState | undefined> {
    return findApp(this.source, clientId);
  }

  /**
   * Finds an app for a decision. Before the answer is "unknown" or "not allowed", what was registered or approved a moment ago is
   * heard of.
   *
   * @param acceptable whether the app, as known so far, leads to a yes
   */
  async findFor(clientId: string, acceptable: (app: AppState) => boolean): Promise<AppState | undefined> {
    if (!isClientId(clientId)) return undefined;
    const known = await this.find(clientId);
    if (known && acceptable(known)) return known;
    await this.freshness.catchUp();
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
