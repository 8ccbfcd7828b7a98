import { Injectable } from '@nestjs/common';
import { findApp, sha256 } from '@payer/service';
import { appInEnvironment, type AppState, type Environment } from '@payer/smart';
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
   * Finds an app for a decision, with the secrets and redirect URIs that it has in the environment. Before the answer is
   * "unknown" or "not allowed", the service reads the events to their end.
   *
   * @param acceptable whether the app, as known so far, leads to a yes
   */
  async findFor(
    environment: Environment,
    clientId: string,
    acceptable: (app: AppState) => boolean,
  ): Promise<AppState | undefined> {
    if (!isClientId(clientId)) return undefined;
    const known = await this.findIn(environment, clientId);
    if (known && acceptable(known)) return known;
    await this.freshness.catchUp();
    return this.findIn(environment, clientId);
  }

  private async findIn(environment: Environment, clientId: string): Promise<AppState | undefined> {
    const app = await this.find(clientId);
    return app && appInEnvironment(app, environment);
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
