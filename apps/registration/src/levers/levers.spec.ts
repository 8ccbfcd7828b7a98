import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { leverErrors } from '@payer/smart';
import { DataSource } from 'typeorm';
import { AppRequests } from '../activity/app-requests.js';
import {
  newApp,
  newDeveloper,
  startPortal,
  textOf,
  type TestPortal,
  type Visitor,
} from '../testing/portal.js';

describe('the levers of an app', () => {
  let platform: Server;
  let revoked: string[] = [];
  let portal: TestPortal;
  let source: DataSource;
  let developer: Visitor;
  beforeAll(async () => {
    // A double of auth-server: "a.live.t" is an access token, and "a.refresh.t" a refresh token.
    platform = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        const token = new URLSearchParams(body).get('token') ?? '';
        if (request.url?.endsWith('/revoke')) revoked.push(token);
        const active = token === 'a.live.t' || token === 'a.refresh.t';
        const live = token === 'a.live.t' ? { token_type: 'Bearer', jti: 'j1', grant_id: 'g' } : {};
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(active ? { active, ...live } : { active }));
      });
    });
    await new Promise<void>((resolve) => platform.listen(0, resolve));
    portal = await startPortal({
      AUTH_SERVER_URL: 'http://auth.example',
      AUTH_SERVER_ORIGIN: `http://localhost:${(platform.address() as AddressInfo).port}`,
    });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    developer = await newDeveloper(portal.service.url);
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
    platform?.close();
  });

  const call = (method: string, id: string, path = '', body?: unknown, who = developer) =>
    who.json(method, `/api/apps/${id}/levers${path}`, body, who.token);
  const leversOf = async (id: string) => {
    const rows = await source.query('SELECT levers FROM app WHERE client_id = $1', [id]);
    return (rows as { levers: unknown }[])[0]?.levers;
  };
  const grantOf = async (clientId: string, environment = 'sandbox') => {
    const id = randomUUID();
    await source.query(
      `INSERT INTO grant_history (grant_id, version, environment, sub, patient, client_id, created_at, expires_at)
       VALUES ($1, 1, $2, 's', 'p', $3, now(), now() + interval '1 hour')`,
      [id, environment, clientId],
    );
    return id;
  };

  it('a waiting error is one per endpoint, is taken back, and is gone after its use', async () => {
    const id = await newApp(developer);
    const first = await call('POST', id, '/next-errors', { endpoint: 'fhir', error: 'exception' });
    const second = await call('POST', id, '/next-errors', { endpoint: 'fhir', error: 'transient' });
    const token = await call('POST', id, '/next-errors', { endpoint: 'token', error: 'grant_expired' });
    expect([first.status, second.status, token.status]).toEqual([201, 201, 201]);
    const { next_errors } = (await call('GET', id)).json;
    expect(next_errors).toEqual([second.json, token.json]);
    expect(textOf(await developer.get(`/apps/${id}/levers`))).toContain('transient');
    expect((await call('DELETE', id, `/next-errors/${second.json.id}`)).status).toBe(204);
    expect((await call('DELETE', id, `/next-errors/${first.json.id}`)).json.code).toBe('lever_not_found');
    await new AppRequests(source).applyBatch({
      id: randomUUID(),
      version: 1,
      service: 'auth-server',
      environment: 'sandbox',
      client_id: id,
      skipped: 0,
      requests: [
        {
          at: new Date().toISOString(),
          kind: 'token',
          method: 'POST',
          path: '/token',
          status: 400,
          duration_ms: 1,
          request_id: null,
          error: 'invalid_grant',
          detail: null,
          lever: token.json.id,
        },
      ],
    });
    expect(await leversOf(id)).toEqual({ next_errors: [], ended_grants: [] });
    const activity = await developer.json('GET', `/api/apps/${id}/activity`, undefined, developer.token);
    expect(activity.json.requests[0].lever).toBe(token.json.id);
  });

  it('only documented errors of the endpoint can be asked for', async () => {
    const id = await newApp(developer);
    for (const body of [
      { endpoint: 'fhir', error: 'invalid_grant' },
      { endpoint: 'token', error: '__proto__' },
      { endpoint: 'production', error: 'exception' },
      {},
    ])
      expect((await call('POST', id, '/next-errors', body)).status).toBe(400);
    const directory = await newApp(developer, { plan: 'provider-directory', redirect_uris: '' });
    const [{ code: error } = { code: '' }] = leverErrors.authorization;
    const refused = await call('POST', directory, '/next-errors', { endpoint: 'authorization', error });
    expect(refused.json.errors[0].field).toBe('endpoint');
    expect(await leversOf(id)).toBeNull();
  });

  it('a grant ends by the state of its own app in the sandbox, and no other grant does', async () => {
    const id = await newApp(developer);
    const [own, real, foreign] = [await grantOf(id), await grantOf(id, 'production'), await grantOf('other')];
    for (const grant_id of [real, foreign, 'forged', "' OR true --"])
      expect((await call('POST', id, '/ended-grants', { grant_id })).json.code).toBe('grant_not_found');
    expect((await call('POST', id, '/ended-grants', { grant_id: 'a\0b' })).status).toBe(400);
    expect((await call('GET', id)).json.grants.map((one: { grant_id: string }) => one.grant_id)).toEqual([
      own,
    ]);
    expect((await call('POST', id, '/ended-grants', { grant_id: own })).status).toBe(202);
    expect(await leversOf(id)).toEqual({ next_errors: [], ended_grants: [own] });
    expect(textOf(await developer.get(`/apps/${id}/activity`))).toContain(`/grants/${own}`);
  });

  it('a live access token is revoked as the app would, and nothing else is', async () => {
    const id = await newApp(developer);
    revoked = [];
    for (const access_token of ['a.refresh.t', 'of.production.t', 'a.forged.t', 'opaque', "' OR true --"])
      expect((await call('POST', id, '/expired-tokens', { access_token })).json.code).toBe(
        'token_not_active',
      );
    expect(revoked).toEqual([]);
    expect((await call('POST', id, '/expired-tokens', { access_token: 'a.live.t' })).json).toEqual({
      jti: 'j1',
      grant_id: 'g',
    });
    expect(revoked).toEqual(['a.live.t']);
    const audit = await source.query(
      "SELECT actor, detail FROM audit_entry WHERE client_id = $1 AND action = 'lever-pulled'",
      [id],
    );
    expect(audit).toMatchObject([{ detail: { lever: 'expire-token', jti: 'j1' } }]);
  });

  it('another developer reaches no lever of the app', async () => {
    const id = await newApp(developer);
    const other = await newDeveloper(portal.service.url);
    const lever = { endpoint: 'fhir', error: 'exception' };
    expect((await call('POST', id, '/next-errors', lever, other)).status).toBe(404);
    expect((await call('POST', id, '/ended-grants', { grant_id: await grantOf(id) }, other)).status).toBe(
      404,
    );
    expect((await call('POST', id, '/expired-tokens', { access_token: 'a.live.t' }, other)).status).toBe(404);
    expect(await leversOf(id)).toBeNull();
  });
});
