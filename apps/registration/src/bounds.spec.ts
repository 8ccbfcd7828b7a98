import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceIdentity, type RunningService } from '@payer/service';
import {
  acceptedAmbiguousHeaders,
  halfSent,
  rawRequest,
  startOwnPostgres,
  type OwnPostgres,
} from '@payer/testing';
import { readConfig } from './config.js';
import { registration } from './service.js';
import { migrated } from './testing/migrated.js';

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

/** One test file, because the last test stops the database. */
describe('what a caller can make the portal keep', () => {
  let postgres: OwnPostgres;
  let service: RunningService;
  let token: string;
  let cookie: string;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('registration', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      REQUEST_TIMEOUT_MS: '1000',
      APPS_PER_DEVELOPER_MAX: '3',
    });
    service = await registration.start(config);
    const account = { email: 'dev@client-app.example', password: 'correct horse battery' };
    await json('POST', '/api/developers', { name: 'Dev', organization: 'Apps Inc', ...account });
    token = String(
      ((await (await json('POST', '/api/sessions', account)).json()) as { token: string }).token,
    );
    const signedIn = await ask('/sign-in', form(new URLSearchParams(account).toString()));
    cookie = signedIn.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
  });

  afterAll(async () => {
    await service.close();
    await postgres.stop();
  });

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${service.url}${path}`, { redirect: 'manual', ...init });
  const form = (body: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...(cookie ? { cookie } : {}) },
    body,
  });
  const json = (method: string, path: string, body?: unknown) =>
    ask(path, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  const app = { client_name: 'Health', redirect_uris: ['https://client-app.com/redirect'] };

  it('a developer has so many apps, however they are made and however many at once', async () => {
    const made = await Promise.all([
      ...[1, 2, 3, 4].map(() => json('POST', '/api/apps', app)),
      ...[1, 2, 3, 4].map(() => json('POST', '/register', app)),
    ]);
    expect(made.filter(({ status }) => status === 201)).toHaveLength(3);
    const refused = await json('POST', '/register', app);
    expect([refused.status, await refused.json()]).toEqual([
      403,
      {
        error: 'too_many_apps',
        error_description: expect.stringContaining('may have 3 apps'),
        error_uri: expect.stringMatching(/\/docs\/errors\/too_many_apps$/),
      },
    ]);
    const apps = (await (await json('GET', '/api/apps')).json()) as { client_id: string }[];
    await json('DELETE', `/api/apps/${apps[0]!.client_id}`);
    expect((await json('POST', '/api/apps', app)).status).toBe(201);
    const again = await json('POST', '/api/apps', app);
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([403, 'too_many_apps']);
  });

  it('a redirect URI has at most 2,000 bytes, an app at most 20 of them', async () => {
    const uri = (n: number, length = 40) => `https://client-app.com/${n}/`.padEnd(length, 'x');
    for (const redirect_uris of [[uri(1, 2001)], Array.from({ length: 21 }, (_, n) => uri(n))])
      expect((await json('POST', '/api/apps', { ...app, redirect_uris })).status).toBe(400);
  });

  it('a body of more than 64 kB is refused at every address, in the words of the address', async () => {
    const body = { client_name: 'x'.repeat(70_000) };
    for (const path of ['/api/developers', '/api/sessions', '/api/apps']) {
      const answer = await json('POST', path, body);
      expect([path, answer.status]).toEqual([path, 413]);
      expect(await answer.json()).toMatchObject({ code: 'body_too_large', detail: expect.any(String) });
    }
    const registration = await json('POST', '/register', body);
    expect([registration.status, await registration.json()]).toEqual([
      413,
      {
        error: 'body_too_large',
        error_description: expect.stringContaining('65536 bytes'),
        error_uri: expect.stringMatching(/\/docs\/errors\/body_too_large$/),
      },
    ]);
    for (const path of ['/sign-in', '/sign-up', '/apps/new']) {
      const answer = await ask(path, form(`client_name=${body.client_name}`));
      expect([path, answer.status]).toEqual([path, 413]);
      expect(await answer.text()).toMatch(/<h1>.*at most 65536 bytes/s);
    }
  });

  it('a request that is sent by half is ended, whichever half it is', async () => {
    const requests = ['/register', '/api/sessions', '/sign-in'].flatMap(halfSent);
    const answers = await Promise.all(requests.map((text) => rawRequest(service.url, text)));
    expect(answers.filter((answer) => !/^HTTP\/1.1 (408|400)/.test(answer))).toEqual([]);
  });

  it('a header that may come once and comes twice is refused', async () => {
    const paths = ['/', '/register', '/api/sessions', '/sign-in', '/health/live', '/nothing'];
    expect(await acceptedAmbiguousHeaders(service.url, paths)).toEqual([]);
  });

  it('while the database is away, every endpoint says 503 and when to come back; none says 500', async () => {
    const { paths } = (await (await ask('/api/openapi.json')).json()) as OpenApi;
    await postgres.pause();
    // The check of metadata reads no database, and challenges of passkeys are sealed instead of stored.
    const withoutDatabase = /^\/(health|metrics|api\/app-metadata\/check|api\/sessions\/passkey\/options)/;
    const own = Object.entries(paths).filter(([path]) => !withoutDatabase.test(path));
    const calls = own.flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'a')] as const),
    );
    expect(calls.length).toBeGreaterThan(20);
    const bodies: Record<string, unknown> = {
      '/api/developers': {
        name: 'a',
        organization: 'a',
        email: 'a@example.org',
        password: 'correct horse battery',
      },
      '/api/sessions': { email: 'a@example.org', password: 'correct horse battery' },
      '/api/sessions/passkey': {
        response: {
          id: 'a',
          rawId: 'a',
          type: 'public-key',
          response: { clientDataJSON: 'a', authenticatorData: 'a', signature: 'a' },
        },
      },
      'POST /api/sign-ups': { token: 'a', password: 'correct horse battery' },
      'POST /api/password-resets': { email: 'a@example.org' },
      'PUT /api/password-resets': { token: 'a', new_password: 'correct horse battery' },
      '/api/email-confirmations': { token: 'a' },
    };
    const fhirApi = ServiceIdentity.of('fhir-api', { NODE_ENV: 'test' });
    for (const [method, path] of calls) {
      const answer = path.startsWith('/internal/')
        ? await ask(path, { headers: { authorization: await fhirApi.authorizationFor('registration') } })
        : await json(
            method,
            path,
            method === 'GET' ? undefined : (bodies[path] ?? bodies[`${method} ${path}`] ?? app),
          );
      expect([method, path, answer.status, answer.headers.get('retry-after')]).toEqual([
        method,
        path,
        503,
        '5',
      ]);
    }
    for (const [path, init] of [
      ['/', { headers: { cookie } }],
      ['/apps/a', { headers: { cookie } }],
      ['/platform/apps', { headers: { cookie } }],
      ['/sign-in', form('email=a@example.org&password=correct horse battery')],
    ] as [string, RequestInit][]) {
      const answer = await ask(path, init);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await answer.text()).toContain('<h1>The portal is not available right now</h1>');
    }
  });
});
