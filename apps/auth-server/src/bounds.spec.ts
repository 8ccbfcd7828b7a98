import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublisher, localSigner } from '@payer/events';
import { ServiceIdentity, sha256, type RunningService } from '@payer/service';
import { cloudEvent, type AppState } from '@payer/smart';
import {
  acceptedAmbiguousHeaders,
  eventually,
  halfSent,
  OwnersDouble,
  rawRequest,
  startOwnPostgres,
  type OwnPostgres,
} from '@payer/testing';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { readConfig } from './config.js';
import { OpenInteractions } from './engine/interactions/open-interactions.js';
import { authServer } from './service.js';
import { migrated } from './testing/migrated.js';

const redirectUri = 'https://client-app.com/redirect';
const state: AppState = {
  client_id: 'bounds',
  version: 1,
  client_name: 'Health App',
  organization: 'Apps Inc',
  redirect_uris: [redirectUri],
  plan: 'patient-access',
  status: 'active',
  environments: ['sandbox'],
  require_pkce: false,
  secrets: [{ sha256: sha256('secret'), expires_at: null }],
  tokens_valid_from: null,
};
const directory: AppState = { ...state, client_id: 'directory', plan: 'provider-directory' };

/** One test file, because the last test stops the database. */
describe('what nobody has to sign in for', () => {
  const owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );
  let postgres: OwnPostgres;
  let service: RunningService;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    await owners.start();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('auth_server', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      REQUEST_TIMEOUT_MS: '1000',
      ...owners.variables,
    });
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    const publisher = await createPublisher(config, localSigner);
    const events = [state, directory].map((app) =>
      cloudEvent('app-registered', app, { id: randomUUID(), time: new Date() }),
    );
    await publisher.publishEvents(events);
    await publisher.close();
    await eventually(async () => (await ask('/sandbox/token', { basic: 'directory' })).status === 200);
  });

  afterAll(async () => {
    await service.close();
    await owners.stop();
    await postgres.stop();
  });

  const authorize = `/sandbox/authorize?${new URLSearchParams({
    response_type: 'code',
    client_id: 'bounds',
    redirect_uri: redirectUri,
    scope: 'openid fhirUser launch/patient patient/*.rs',
    state: 'a',
  })}`;

  interface Asked {
    basic?: string;
    body?: string;
    headers?: Record<string, string>;
    method?: string;
  }

  /** POSTs a form by default. */
  function ask(path: string, { basic, body, headers, method = 'POST' }: Asked = {}) {
    const form = body ?? 'grant_type=client_credentials&scope=system/*.rs&token=a';
    return fetch(`${service.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...(basic ? { authorization: `Basic ${Buffer.from(`${basic}:secret`).toString('base64')}` } : {}),
        ...headers,
      },
      ...(method === 'POST' ? { body: form } : {}),
    });
  }

  const signIn = async () => {
    const step = await fetch(`${service.url}${authorize}`, { redirect: 'manual' });
    const cookie = step.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
    return { path: step.headers.get('location') ?? '', cookie };
  };

  it('a body of more than 64 kB is refused at every address, in the words of the address', async () => {
    const { path, cookie } = await signIn();
    const body = `grant_type=client_credentials&username=${'x'.repeat(70_000)}`;
    for (const endpoint of ['token', 'introspect', 'revoke']) {
      const answer = await ask(`/sandbox/${endpoint}`, { basic: 'directory', body });
      expect([endpoint, answer.status]).toEqual([endpoint, 413]);
      expect(await answer.json()).toEqual({
        error: 'invalid_request',
        error_description: expect.stringContaining('65536 bytes'),
        error_uri: 'http://localhost:4001/docs/errors/invalid_request',
      });
    }
    for (const page of ['/sandbox/authorize', path]) {
      const answer = await ask(page, { body, headers: { cookie } });
      expect([page, answer.status]).toEqual([page, 413]);
      expect(await answer.text()).toMatch(/<h1>.*at most 65536 bytes/s);
    }
  });

  it('a request that is sent by half is ended, whichever half it is', async () => {
    const requests = ['/sandbox/token', '/sandbox/introspect', '/sandbox/authorize'].flatMap(halfSent);
    const answers = await Promise.all(requests.map((text) => rawRequest(service.url, text)));
    expect(answers.filter((answer) => !/^HTTP\/1.1 (408|400|401|405)/.test(answer))).toEqual([]);
  });

  it('a header that may come once and comes twice is refused', async () => {
    const paths = ['/sandbox/token', '/sandbox/introspect', '/sandbox/authorize', '/health/live', '/nothing'];
    expect(await acceptedAmbiguousHeaders(service.url, paths)).toEqual([]);
    const once = 'GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(await rawRequest(service.url, once)).toMatch(/^HTTP\/1.1 200/);
  });

  it('an address that is too long is refused', async () => {
    const long = await ask(`/sandbox/authorize?state=${'x'.repeat(20_000)}`, { method: 'GET' });
    expect(long.status).toBe(431);
  });

  it('of authorization requests in which nobody signs in, the newest stay', async () => {
    const count = async (where: string) =>
      (
        (await source.query(
          `SELECT count(*)::integer AS n FROM oidc_artifact WHERE model = 'Interaction' AND ${where}`,
        )) as [{ n: number }]
      )[0].n;
    for (let n = 0; n < 8; n++) await signIn();
    await source.query(
      `UPDATE oidc_artifact SET payload = payload || '{"session": {"accountId": "sub-1"}}', uid = 'member'
       WHERE ctid = (SELECT ctid FROM oidc_artifact WHERE model = 'Interaction' ORDER BY expires_at LIMIT 1)`,
    );
    const interactions = new OpenInteractions(source, 3, 5);
    for (let n = 0; n < 5; n++) await interactions.added();
    expect(await count('true')).toBe(4);
    expect(await count("uid = 'member'")).toBe(1);
  });

  it('while the database is away, every endpoint says 503 and when to come back; none says 500', async () => {
    const { path, cookie } = await signIn();
    await source.destroy();
    await postgres.pause();
    const oauth: [string, Asked][] = [
      ['/sandbox/token', { basic: 'directory' }],
      ['/production/token', { basic: 'bounds', body: 'grant_type=refresh_token&refresh_token=a' }],
      ['/sandbox/introspect', { basic: 'bounds' }],
      ['/sandbox/revoke', { basic: 'bounds' }],
      ['/sandbox/introspect', { headers: { authorization: 'Bearer local-only-introspection-token' } }],
    ];
    for (const [endpoint, asked] of oauth) {
      const answer = await ask(endpoint, asked);
      expect([endpoint, answer.status, answer.headers.get('retry-after')]).toEqual([endpoint, 503, '5']);
      expect(await answer.json()).toEqual({
        error: 'temporarily_unavailable',
        error_description: expect.stringContaining('database'),
        error_uri: 'http://localhost:4001/docs/errors/temporarily_unavailable',
      });
    }
    const uid = path.split('/').at(-1);
    const pages: [string, Asked][] = [
      [authorize, { method: 'GET' }],
      ['/sandbox/authorize?client_id=stranger&response_type=code', { method: 'GET' }],
      [path, { method: 'GET', headers: { cookie } }],
      [path, { body: 'username=member&password=password', headers: { cookie } }],
      [`${path}/decision?decision=a`, { method: 'GET', headers: { cookie } }],
      [`/sandbox/authorize/${uid}`, { method: 'GET', headers: { cookie } }],
    ];
    for (const [page, asked] of pages) {
      const answer = await ask(page, asked);
      expect([page, answer.status, answer.headers.get('retry-after')]).toEqual([page, 503, '5']);
      expect(await answer.text()).toContain('<h1>This is not available right now</h1>');
    }
    for (const open of ['/sandbox/jwks', '/sandbox/.well-known/openid-configuration', '/health/live'])
      expect((await ask(open, { method: 'GET' })).status).toBe(200);
  });
});
