import { randomUUID } from 'node:crypto';
import { createPublisher, localSigner, PostgresEventLog, type EventPublisher } from '@payer/events';
import { hashPassword, ServiceIdentity, type RunningService } from '@payer/service';
import {
  cloudEvent,
  consentDecisionType,
  planRules,
  type AppState,
  type EventData,
  type EventType,
} from '@payer/smart';
import { eventually, OwnersDouble, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { Apps } from '../clients/apps.js';
import { readConfig, type Config } from '../config.js';
import { authServer } from '../service.js';
import { redirectUri } from './apps.js';
import { openBrowser, type Browser } from './browser.js';
import { ConsentDouble } from './consent-double.js';
import { migrated } from './migrated.js';

/** A JSON answer of an OAuth endpoint. */
export interface OAuthAnswer {
  status: number;
  headers: Headers;
  body: Record<string, string> & { expires_in?: number; active?: boolean };
}

const browserHash = 'b'.repeat(43);

/**
 * auth-server on its own databases, with doubles of consent and of the fact owners. One member: member /
 * password.
 */
export class AuthServerUnderTest {
  readonly consent = new ConsentDouble();
  readonly owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );
  postgres: TestPostgres;
  config: Config;
  service: RunningService;
  source: DataSource;
  /** Every event that a service has published. */
  log: PostgresEventLog;
  private publisher: EventPublisher;

  async start(variables: Record<string, string> = {}): Promise<void> {
    this.postgres = await startTestPostgres();
    await Promise.all([this.owners.start(), this.consent.start()]);
    this.config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await this.postgres.database('auth_server', migrated),
      EVENTS_DATABASE_URL: await this.postgres.database('events'),
      CONSENT_JWKS_URL: this.consent.jwksUrl,
      ...this.owners.variables,
      ...variables,
    });
    this.service = await authServer.start(this.config);
    this.source = await new DataSource({ type: 'postgres', url: this.config.DATABASE_URL }).initialize();
    this.publisher = await createPublisher(this.config, localSigner);
    this.log = new PostgresEventLog(this.config.EVENTS_DATABASE_URL);
    await this.addMember('sandbox', 'member', 'sub-1');
  }

  async stop(): Promise<void> {
    await this.source?.destroy();
    await this.publisher?.close();
    await this.log?.close();
    await this.service?.close();
    await this.owners.stop();
    this.consent.stop();
    await this.postgres?.stop();
  }

  /** A member whose password is "password". */
  async addMember(environment: string, username: string, sub: string): Promise<void> {
    await this.source.query("INSERT INTO member VALUES ($1, $2, $3, $4, $5, 'Maria Lindqvist')", [
      environment,
      sub,
      username,
      await hashPassword('password'),
      `patient-of-${sub}`,
    ]);
  }

  async publish<T extends EventType>(type: T, data: EventData<T>): Promise<void> {
    await this.publisher.publishEvents([cloudEvent(type, data, { id: randomUUID(), time: new Date() })]);
  }

  /** Waits until the service knows this version of an app. */
  async applied(clientId: string, version: number): Promise<void> {
    const apps = this.service.app.get(Apps);
    await eventually(async () => (await apps.find(clientId))?.version === version);
  }

  async register(state: AppState): Promise<AppState> {
    await this.publish('app-registered', state);
    return state;
  }

  browser(): Browser {
    return openBrowser(this.service.url);
  }

  /** Requests a token in an environment as an app with the secret "secret". */
  async token(
    { client_id }: AppState,
    parameters: Record<string, string>,
    environment = 'sandbox',
  ): Promise<OAuthAnswer> {
    const response = await fetch(`${this.service.url}/${environment}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:secret`).toString('base64')}` },
      body: new URLSearchParams(parameters),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as OAuthAnswer['body'],
    };
  }

  /** @returns the path of an authorization request */
  authorizePath(state: AppState, more: Record<string, string>, environment = 'sandbox'): string {
    const parameters = {
      response_type: 'code',
      client_id: state.client_id,
      redirect_uri: redirectUri,
      ...more,
    };
    return `/${environment}/authorize?${new URLSearchParams(parameters)}`;
  }

  /**
   * Signs the member in and allows the access.
   * @param decided claims of the consent decision that differ from a plain "yes"
   * @returns the consent request, and the redirect to the app
   */
  authorize(state: AppState, more: Record<string, string>, decided: Record<string, unknown> = {}) {
    return this.authorizeAt(this.authorizePath(state, more), decided);
  }

  /** Same as {@link authorize}, for the path of an authorization request. */
  async authorizeAt(path: string, decided: Record<string, unknown> = {}) {
    const go = this.browser();
    const signIn = (await go(path)).location;
    const posted = await go(signIn, {
      method: 'POST',
      body: new URLSearchParams({ username: 'member', password: 'password' }),
    });
    const begin = new URL((await go((await go(posted.location)).location)).location);
    const interaction = begin.searchParams.get('interaction');
    const asked = await go(`/sandbox/interaction/${interaction}/consent?browser=${browserHash}`);
    const request = await this.consent.requestOf(asked.location);
    const claims = {
      interaction: request.interaction,
      sub: request.sub,
      client_id: request.client_id,
      decision: 'allow',
      grant_id: randomUUID(),
      scope: request.scope,
      grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      ...decided,
    };
    const decision = await this.consent.sign(claims, consentDecisionType);
    const resumed = await go(`${request.return_to}?decision=${decision}`);
    const { location } = await go(resumed.location);
    return { request, location, redirect: new URL(location) };
  }

  /** Connects the member with an app of the patient plan. @returns the first token response */
  async connect(
    state: AppState,
    more: Record<string, string> = {},
    decided: Record<string, unknown> = {},
  ): Promise<OAuthAnswer['body']> {
    const scope = planRules['patient-access'].scopes.join(' ');
    const { redirect } = await this.authorize(state, { scope, ...more }, decided);
    const code = redirect.searchParams.get('code') ?? '';
    const redirect_uri = more.redirect_uri ?? redirectUri;
    const { status, body } = await this.token(state, {
      grant_type: 'authorization_code',
      code,
      redirect_uri,
    });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  }

  refresh(state: AppState, refresh_token: string, more: Record<string, string> = {}): Promise<OAuthAnswer> {
    return this.token(state, { grant_type: 'refresh_token', refresh_token, ...more });
  }

  /** Sends a form to an endpoint of the sandbox, as an app with the secret "secret". */
  async post(
    path: string,
    { client_id }: AppState,
    form: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<OAuthAnswer> {
    const response = await fetch(`${this.service.url}/sandbox${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${client_id}:secret`).toString('base64')}`,
        ...headers,
      },
      body: new URLSearchParams(form),
    });
    const body = (await response.json()) as OAuthAnswer['body'];
    return { status: response.status, headers: response.headers, body };
  }
}
