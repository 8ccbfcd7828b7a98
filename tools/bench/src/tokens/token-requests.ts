import { fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { App, Browser, type Credentials } from '@payer/journey';
import { exportJWK, generateKeyPair } from 'jose';
import { member, redirect_uris, type BenchSystem } from '../environment.js';
import { SmallClient } from '../small-client.js';

const memberScope = 'openid fhirUser launch/patient patient/*.rs';

/**
 * The four kinds of requests, sent by one connection. Each throws an Error unless its answer is a success.
 */
export interface Requests {
  clientCredentials(): Promise<void>;
  /** Uses the refresh token of the last answer. */
  refresh(): Promise<void>;
  introspection(): Promise<void>;
  /** A new browser signs in, consents, and the app redeems the code. */
  codeFlow(): Promise<void>;
}

export type RequestKind = keyof Requests;

interface Endpoints {
  token: string;
  introspection: string;
  finder: Credentials;
  health: Credentials;
  /** Parameters of a client credentials request whose token can be introspected. */
  stored: Record<string, string>;
  /** Takes a member through sign-in and consent. @returns the code */
  authorize(): Promise<string>;
}

/** One connection to this system or to the bare engine. */
class Connection implements Requests {
  private readonly http = new SmallClient();
  private refreshToken: string | undefined;
  private stored: string | undefined;

  constructor(private readonly at: Endpoints) {}

  async clientCredentials(): Promise<void> {
    await this.post(this.at.token, this.at.finder, {
      grant_type: 'client_credentials',
      scope: 'system/*.rs',
    });
  }

  async refresh(): Promise<void> {
    this.refreshToken ??= (await this.redeem()).refresh_token;
    const form = { grant_type: 'refresh_token', refresh_token: this.refreshToken };
    const answer = await repeated(() => this.post(this.at.token, this.at.health, form));
    this.refreshToken = answer.refresh_token;
  }

  async introspection(): Promise<void> {
    const { token: url, introspection, finder, stored } = this.at;
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs', ...stored };
    this.stored ??= (await this.post(url, finder, form)).access_token;
    const { active } = await this.post(introspection, finder, { token: this.stored });
    if (!active) throw new Error('a live token is not active');
  }

  async codeFlow(): Promise<void> {
    await this.redeem();
  }

  close(): void {
    this.http.close();
  }

  private async redeem() {
    const code = await repeated(() => this.at.authorize());
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirect_uris[0]! };
    return this.post(this.at.token, this.at.health, form);
  }

  private async post(url: string, { client_id, client_secret }: Credentials, form: Record<string, string>) {
    const headers = {
      authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    };
    const { status, body } = await this.http.send(url, 'POST', headers, new URLSearchParams(form).toString());
    if (status !== 200) throw new Error(`${url} answered ${status}: ${body}`);
    return JSON.parse(body) as { access_token: string; refresh_token: string; active?: boolean };
  }
}

/** A system under load. */
export interface Target {
  connect(): Requests & { close(): void };
  stop(): void;
}

/** The sandbox of this system. */
export async function ownTarget(bench: BenchSystem): Promise<Target> {
  const { developer, addresses } = bench;
  const health = await developer.createApp('patient-access', { client_name: 'Bench', redirect_uris });
  const finder = await developer.createApp('provider-directory', { client_name: 'Bench' });
  const app = new App(addresses, 'sandbox', health);
  const endpoints: Endpoints = {
    token: `${app.issuer}/token`,
    introspection: `${app.issuer}/introspect`,
    finder,
    health,
    stored: {},
    authorize: async () => codeOf(await app.authorize(member)),
  };
  return { connect: () => new Connection(endpoints), stop: () => undefined };
}

/** The bare engine in a separate process, with a new RSA key. */
export async function bareTarget(): Promise<Target> {
  const client = { client_id: 'floor', client_secret: 'floor-secret' };
  const [redirect_uri = ''] = redirect_uris;
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  const key = { ...(await exportJWK(privateKey)), kid: 'floor', alg: 'RS256', use: 'sig' };
  const child = fork(fileURLToPath(new URL('bare-engine.js', import.meta.url)), [
    JSON.stringify(key),
    JSON.stringify({ ...client, redirect_uri }),
  ]);
  const { issuer } = await new Promise<{ issuer: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { issuer: string }));
    child.once('exit', () => reject(new Error('the bare engine did not start')));
  });
  const authorization = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri,
    scope: memberScope,
  });
  const endpoints: Endpoints = {
    token: `${issuer}/token`,
    introspection: `${issuer}/token/introspection`,
    finder: client,
    health: client,
    stored: { resource: 'https://floor.example/stored' },
    async authorize() {
      const { left } = await new Browser(['https://client-app.com/']).open(`${issuer}/auth?${authorization}`);
      return codeOf(left);
    },
  };
  return { connect: () => new Connection(endpoints), stop: () => child.disconnect() };
}

/**
 * Repeats work that failed with 503, twice. A service answers so when a busy machine has stopped it for
 * seconds. The wait lowers the measured rate, as it does for an app.
 */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await work();
    } catch (error) {
      if (tries === 3 || !/\b503\b/.test((error as Error).message)) throw error;
      await pause(5000);
    }
}

function codeOf(redirect: URL | undefined): string {
  const code = redirect?.searchParams.get('code');
  if (!code) throw new Error(`no code came back: ${redirect?.search ?? 'a page'}`);
  return code;
}
