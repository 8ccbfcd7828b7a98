import { Injectable } from '@nestjs/common';
import { findApp, sha256 } from '@payer/service';
import { appInEnvironment, type AppState, type Environment } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { DataSource } from 'typeorm';
import { EventFreshness } from '../event-freshness.js';

/**
 * Whether the text has the form of a client id. A request may contain any text, also text that PostgreSQL
 * refuses.
 */
export function isClientId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,100}$/.test(text);
}

/** The apps, as known from the app events. */
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
   * Finds an app for a decision, with its secrets and redirect URIs of the environment. Before it returns an
   * unknown or unacceptable app, the service applies all published events.
   *
   * @param acceptable whether the known state of the app leads to a positive decision
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

  /** An app with its secrets, redirect URIs and reviewed values of the environment. */
  async findIn(environment: Environment, clientId: string): Promise<AppState | undefined> {
    const app = await this.find(clientId);
    return app && appInEnvironment(app, environment);
  }
}

/** Whether the text is one of the app's valid secrets. */
export function secretMatches(app: AppState, secret: string, now = new Date()): boolean {
  const given = Buffer.from(sha256(secret));
  return app.secrets
    .filter(({ expires_at }) => expires_at === null || new Date(expires_at) > now)
    .some(({ sha256: stored }) => {
      const expected = Buffer.from(stored);
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
}
