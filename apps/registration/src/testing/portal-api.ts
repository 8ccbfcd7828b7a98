import { createHash } from 'node:crypto';
import { PostgresEventLog } from '@payer/events';
import { appEventTypes, type AppState, type CloudEvent } from '@payer/smart';
import { groupCaughtUp } from '@payer/testing';
import { DataSource } from 'typeorm';
import { expect } from 'vitest';
import type { Config } from '../config.js';
import { startPortal, type Answer, type TestPortal } from './portal.js';

export const redirect_uris = ['https://client-app.com/redirect'];

/** The hash of a client secret, as the events carry it. */
export const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url');

/**
 * The portal API with the sessions of two developers and of the platform team, its database and the event
 * log. The functions are properties, so that a test can take them out of the object.
 */
export class PortalApi {
  /** The bearer token of dev@client-app.example. */
  developer: string;
  /** The bearer token of another developer. */
  stranger: string;
  /** The bearer token of the platform team. */
  platform: string;
  source: DataSource;
  log: PostgresEventLog;
  private portal: TestPortal | undefined;

  get config(): Config {
    return this.portal!.config;
  }

  async start(variables: Record<string, string> = {}): Promise<void> {
    this.portal = await startPortal(variables);
    this.log = new PostgresEventLog(this.config.EVENTS_DATABASE_URL);
    this.source = await new DataSource({ type: 'postgres', url: this.config.DATABASE_URL }).initialize();
    this.developer = await this.signUp('dev@client-app.example');
    this.stranger = await this.signUp('stranger@client-app.example');
    this.platform = await this.signIn('platform@example.org', 'platform-password');
  }

  async stop(): Promise<void> {
    await this.log?.close();
    await this.source?.destroy();
    await this.portal?.stop();
  }

  send = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const url = `${this.portal!.service.url}${path}`;
    const response = await fetch(url, { redirect: 'manual', ...init, method });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json: unknown = isJson && text ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  };

  api = (token: string | undefined, method: string, path: string, body?: unknown): Promise<Answer> =>
    this.send(method, path, {
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  /** @returns the bearer token of a new developer */
  signUp = async (email: string): Promise<string> => {
    const account = { name: 'Dev', organization: 'Apps Inc', email, password: 'a-long-password' };
    expect((await this.api(undefined, 'POST', '/api/developers', account)).status).toBe(201);
    return this.signIn(email, account.password);
  };

  /** @returns the bearer token of a new session */
  signIn = async (email: string, password: string): Promise<string> =>
    String((await this.api(undefined, 'POST', '/api/sessions', { email, password })).json.token);

  /** Creates an app of the developer. @returns the answer, with client_id and client_secret */
  newApp = async (metadata: Record<string, unknown> = {}): Promise<Record<string, string>> => {
    const answer = await this.api(this.developer, 'POST', '/api/apps', {
      client_name: 'Health',
      redirect_uris,
      ...metadata,
    });
    expect(answer.status).toBe(201);
    return answer.json as Record<string, string>;
  };

  /** All published events of an app, in order. */
  published = async (clientId: string): Promise<CloudEvent<'app-updated'>[]> => {
    const { rows } = await this.log.read(this.log.pool, 0n, appEventTypes, 10_000);
    return rows.map((row) => row.event as CloudEvent<'app-updated'>).filter((e) => e.subject === clientId);
  };

  /** The state that the last event of an app carries. */
  latest = async (clientId: string): Promise<AppState | undefined> =>
    (await this.published(clientId)).at(-1)?.data;

  /** Waits until the service has applied all events of the log. */
  caughtUp = async (): Promise<void> => groupCaughtUp(this.log.pool, 'registration', await this.log.head());
}
