import { Injectable } from '@nestjs/common';
import { sha256 } from '@payer/service';
import type { AppState, Environment } from '@payer/smart';
import { timingSafeEqual } from 'node:crypto';
import { EventFreshness } from '../event-freshness.js';
import { AppMemory } from './app-memory.js';

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
    private readonly memory: AppMemory,
    private readonly freshness: EventFreshness,
  ) {}

  /** An app as this process knows it ({@link AppMemory}). */
  async find(clientId: string): Promise<AppState | undefined> {
    return (await this.memory.find(clientId))?.state;
  }

  /**
   * An app as the database has it, for a caller that has just applied the published events.
   * @param version if the caller has read the app's version, the copy of this version is not read again
   */
  async readVersion(clientId: string, version?: number): Promise<AppState | undefined> {
    if (version !== undefined) {
      const known = await this.find(clientId);
      if (known?.version === version) return known;
    }
    return (await this.memory.read(clientId))?.state;
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
    return (await this.memory.read(clientId))?.in(environment);
  }

  /** An app with its secrets, redirect URIs and reviewed values of the environment. */
  async findIn(environment: Environment, clientId: string): Promise<AppState | undefined> {
    return (await this.memory.find(clientId))?.in(environment);
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
