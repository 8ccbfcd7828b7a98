import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPublisher, localSigner } from '@payer/events';
import { ServiceIdentity, sha256, type RunningService } from '@payer/service';
import { cloudEvent, type AppState } from '@payer/smart';
import { OwnersDouble, startTestPostgres, type TestPostgres } from '@payer/testing';
import { randomUUID } from 'node:crypto';
import { request as send } from 'node:http';
import type { AdapterPayload } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { OidcAdapter } from '../engine/oidc-adapter.js';
import { authServer } from '../service.js';
import { migrated } from '../testing/migrated.js';

const app = (client_id: string): AppState => ({
  client_id,
  version: 1,
  client_name: 'Directory App',
  organization: 'Apps Inc',
  redirect_uris: ['https://client-app.com/redirect'],
  plan: client_id.startsWith('directory') ? 'provider-directory' : 'patient-access',
  status: 'active',
  environments: ['sandbox'],
  require_pkce: false,
  secrets: [{ sha256: sha256('secret'), expires_at: null }],
  tokens_valid_from: null,
});

describe('limits of the OAuth endpoints', () => {
  const owners = new OwnersDouble((owner, claims) =>
    ServiceIdentity.of(owner, { NODE_ENV: 'test' }).signAnswer(claims),
  );
  let postgres: TestPostgres;
  let service: RunningService;
  let source: DataSource;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    await owners.start();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('auth_server', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      ...owners.variables,
      TRUSTED_PROXIES: '127.0.0.1,::1',
      TOKEN_LIMIT_PER_ADDRESS: '12/60',
      TOKEN_LIMIT_PER_APP: '5/60, 8/3600',
      TOKEN_LIMIT_PER_MEMBER: '2/60',
      AUTHORIZATION_LIMIT_PER_ADDRESS: '3/60',
    });
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    const publisher = await createPublisher(config, localSigner);
    closing.push(
      () => source.destroy(),
      async () => publisher.close(),
    );
    await publisher.publishEvents(
      ['directory', 'directory2', 'patients'].map((id) =>
        cloudEvent('app-registered', app(id), { id: randomUUID(), time: new Date() }),
      ),
    );
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await service?.close();
    await owners.stop();
    await postgres?.stop();
  });

  async function post(path: string, client: string, from: string, parameters: Record<string, string>) {
    const [id, secret = 'secret'] = client.split(':');
    const response = await fetch(`${service.url}/sandbox${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        'x-forwarded-for': from,
      },
      body: new URLSearchParams(parameters),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }
  const directoryToken = (client: string, from: string) =>
    post('/token', client, from, { grant_type: 'client_credentials', scope: 'system/*.rs' });

  it('an app has so many tokens from wherever it asks; a stranger with its id uses none of them up', async () => {
    for (let n = 0; n < 7; n++)
      expect((await directoryToken('directory:wrong', '10.0.0.1')).status).toBe(401);
    const first = await directoryToken('directory', '10.0.0.2');
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"token-per-address-60";q=12;w=60, "token-per-app-60";q=5;w=60, "token-per-app-3600";q=8;w=3600',
    );
    expect(first.headers.get('ratelimit')).toMatch(
      /^"token-per-address-60";r=11;t=\d+, "token-per-app-60";r=4;t=\d+, "token-per-app-3600";r=7;t=\d+$/,
    );
    const more = await Promise.all(
      Array.from({ length: 8 }, (_, n) => directoryToken('directory', `10.0.1.${n}`)),
    );
    expect(more.filter(({ status }) => status === 200)).toHaveLength(4);
    const refused = more.find(({ status }) => status !== 200)!;
    expect(refused).toMatchObject({
      status: 429,
      body: { error: 'temporarily_unavailable', error_description: expect.stringContaining('429') },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(refused.headers.get('cache-control')).toBe('no-store');
    expect(refused.headers.get('ratelimit')).toContain('"token-per-app-60";r=0');
    expect((await directoryToken('directory2', '10.0.2.1')).status).toBe(200);
  });

  it('an address has so many requests to token, introspection and revocation together', async () => {
    const statuses = [];
    for (const path of ['/token', '/introspect', '/revoke'])
      for (let n = 0; n < 5; n++)
        statuses.push((await post(path, 'nobody:wrong', '10.0.3.1', { token: 'x' })).status);
    expect(statuses.filter((status) => status === 429)).toHaveLength(3);
    expect(statuses.slice(12)).toEqual([429, 429, 429]);
    expect((await post('/introspect', 'nobody:wrong', '10.0.3.2', { token: 'x' })).status).toBe(401);
  });

  it('a target in absolute form reaches the engine, and counts against the same limit', async () => {
    const { hostname, port } = new URL(service.url);
    const statusOf = (method: string, path: string) =>
      new Promise((resolve, reject) => {
        const headers = { 'x-forwarded-for': '10.0.3.9', 'content-length': 0 };
        const target = `http://localhost/sandbox${path}`;
        send({ hostname, port, method, path: target, headers }, ({ statusCode }) => resolve(statusCode))
          .on('error', reject)
          .end();
      });
    expect(await statusOf('GET', '/.well-known/openid-configuration')).toBe(200);
    const statuses = [];
    for (let n = 0; n < 13; n++) statuses.push(await statusOf('POST', '/introspect'));
    expect([statuses[11], statuses[12]]).toEqual([401, 429]);
  });

  it('a member has so many refreshes, and a refused one does not cost the app its refresh token', async () => {
    const keep = (model: string, id: string, payload: AdapterPayload) =>
      new OidcAdapter(
        model,
        'sandbox',
        source,
        undefined as never,
        undefined as never,
        undefined as never,
      ).upsert(id, payload, 600);
    const grant = { accountId: 'sub-1', clientId: 'patients', openid: { scope: 'openid fhirUser' } };
    await keep('Grant', 'grant-1', { ...grant, kind: 'Grant' });
    await keep('RefreshToken', 'refresh-1', {
      ...grant,
      kind: 'RefreshToken',
      grantId: 'grant-1',
      gty: 'authorization_code',
    });
    const refresh = () =>
      post('/token', 'patients', '10.0.4.1', { grant_type: 'refresh_token', refresh_token: 'refresh-1' });
    // The member is unknown here, so the engine refuses after the look-up and before the token is used up.
    expect((await refresh()).body).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh()).body).toMatchObject({ error: 'invalid_grant' });
    const refused = await refresh();
    expect(refused).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(refused.headers.get('ratelimit')).toContain('"token-per-member-60";r=0');
    const [kept] = await source.query("SELECT consumed_at FROM oidc_artifact WHERE model = 'RefreshToken'");
    expect(kept).toEqual({ consumed_at: null });
  });

  it('a person behind an address with too many authorization requests sees a page', async () => {
    const open = (from: string) =>
      fetch(`${service.url}/sandbox/authorize?client_id=nobody`, {
        redirect: 'manual',
        headers: { accept: 'text/html', 'x-forwarded-for': from },
      });
    for (let n = 0; n < 3; n++) expect((await open('10.0.5.1')).status).toBe(400);
    const refused = await open('10.0.5.1');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(refused.headers.get('ratelimit-policy')).toBe('"authorization-per-address-60";q=3;w=60');
    expect(await refused.text()).toContain('Too many requests came from your network');
    expect((await open('10.0.5.2')).status).toBe(400);
  });
});
