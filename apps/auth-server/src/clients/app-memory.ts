import type { OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { endSession, openSession } from '@payer/events';
import { appModelChannel, BoundedCache, findApp } from '@payer/service';
import { appInEnvironment, type AppState, type Environment } from '@payer/smart';
import type { DataSource } from 'typeorm';
import type { EventFreshness } from '../event-freshness.js';

/** Apps of one generation of the cache. An app takes about 4 kB. */
const capacity = 2000;
/** Milliseconds after which an app is read again, if nothing else has made its copy invalid. */
const maxAge = 5000;
/** Milliseconds between two attempts to listen. */
const pause = 500;

/** An app, and its views in the environments. All callers share the objects. */
export class KnownApp {
  private readonly views = new Map<Environment, AppState>();

  constructor(readonly state: AppState) {}

  /** The app with its secrets, redirect URIs and reviewed values of the environment. */
  in(environment: Environment): AppState {
    let view = this.views.get(environment);
    if (!view) this.views.set(environment, (view = appInEnvironment(this.state, environment)));
    return view;
  }
}

interface Copy {
  app: KnownApp;
  readAt: number;
  /** {@link EventFreshness.stateOfApps} before the app was read. */
  stateOfApps: number;
}

/**
 * Copies of the apps in the memory of this process (decision 89). A copy decides as the row in the database
 * would, because each of these ends it:
 *
 * - an event or a fact that a replica applies: PostgreSQL notifies every replica of the commit;
 * - a complete reading of registration's feed, so a copy is never older than the age that
 *   {@link EventFreshness.decide} measures;
 * - the end of the session that listens, until it listens again;
 * - its age.
 */
export class AppMemory implements OnModuleInit, OnModuleDestroy {
  private readonly copies = new BoundedCache<string, Copy>(capacity);
  /** Counts the changes of apps. A read that began before a change must not be kept. */
  private changes = 0;
  private isListening = false;
  private stopped = false;
  private stopWaiting: () => void = () => undefined;
  private listening: Promise<void> = Promise.resolve();

  constructor(
    private readonly source: DataSource,
    private readonly databaseUrl: string,
    private readonly freshness: Pick<EventFreshness, 'stateOfApps'>,
  ) {}

  onModuleInit(): void {
    this.listening = this.listen();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    this.stopWaiting();
    await this.listening;
  }

  /** The copy of an app, or the app as the database has it. */
  async find(clientId: string): Promise<KnownApp | undefined> {
    const copy = this.copies.get(clientId);
    if (copy && this.isValid(copy)) return copy.app;
    return this.read(clientId);
  }

  /** The app as the database has it now. */
  async read(clientId: string): Promise<KnownApp | undefined> {
    const { changes } = this;
    const { stateOfApps } = this.freshness;
    const readAt = performance.now();
    const state = await findApp(this.source, clientId);
    if (!state) return undefined;
    const app = new KnownApp(state);
    if (this.isListening && changes === this.changes) this.copies.set(clientId, { app, readAt, stateOfApps });
    return app;
  }

  forget(clientId: string): void {
    this.changes += 1;
    this.copies.delete(clientId);
  }

  private forgetAll(): void {
    this.changes += 1;
    this.copies.clear();
  }

  private isValid({ readAt, stateOfApps }: Copy): boolean {
    return stateOfApps === this.freshness.stateOfApps && performance.now() - readAt < maxAge;
  }

  private async listen(): Promise<void> {
    while (!this.stopped) {
      const client = openSession(this.databaseUrl, 'app-memory');
      const over = new Promise<void>((resolve) => {
        this.stopWaiting = resolve;
        client.on('error', () => resolve());
        client.on('end', () => resolve());
      });
      client.on('notification', ({ payload }) => (payload ? this.forget(payload) : this.forgetAll()));
      try {
        await client.connect();
        await client.query(`LISTEN ${appModelChannel}`);
        this.forgetAll();
        this.isListening = true;
        if (!this.stopped) await over;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, this.stopped ? 0 : pause));
      } finally {
        this.isListening = false;
        this.forgetAll();
        await endSession(client);
      }
    }
  }
}
