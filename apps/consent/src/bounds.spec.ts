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
import { consent } from './service.js';
import { migrated } from './testing/migrated.js';

/** One test file, because the last test stops the database. */
describe('what nobody has to sign in for', () => {
  let postgres: OwnPostgres;
  let service: RunningService;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('consent', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      REQUEST_TIMEOUT_MS: '1000',
    });
    service = await consent.start(config);
  });

  afterAll(async () => {
    await service.close();
    await postgres.stop();
  });

  const cookie = 'consent_session_sandbox=a';
  const id = '0b9c4a6e-0000-4000-8000-000000000000';
  const form = (body: string) => ({
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const ask = (path: string, init: RequestInit = { headers: { cookie } }) =>
    fetch(`${service.url}${path}`, { redirect: 'manual', ...init });
  const pages: [string, RequestInit?][] = [
    ['/sandbox/'],
    [`/sandbox/consent/${id}`],
    [`/sandbox/consent/${id}`, form('decision=allow')],
    ['/sandbox/disconnect', form('client_id=a')],
    ['/sandbox/disconnect-all', form('')],
    ['/sandbox/shorten', form('client_id=a&days=1')],
    [`/sandbox/receipts/${id}`],
    ['/sandbox/history'],
    ['/sandbox/history.json'],
    ['/sandbox/sign-out', form('')],
  ];

  it('a body of more than 64 kB is refused at every address, in the words of the address', async () => {
    for (const [path, init] of pages.filter(([, given]) => given)) {
      const answer = await ask(path, { ...init, body: `a=${'x'.repeat(70_000)}` });
      expect([path, answer.status]).toEqual([path, 413]);
      expect(await answer.text()).toMatch(/<h1>.*at most 65536 bytes/s);
    }
    const answer = await ask('/sandbox/api/grants/a', {
      method: 'DELETE',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ a: 'x'.repeat(70_000) }),
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      413,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  it('a request that is sent by half is ended, whichever half it is', async () => {
    const requests = ['/sandbox/disconnect', `/sandbox/consent/${id}`].flatMap(halfSent);
    const answers = await Promise.all(requests.map((text) => rawRequest(service.url, text)));
    expect(answers.filter((answer) => !/^HTTP\/1.1 (408|400)/.test(answer))).toEqual([]);
  });

  it('a header that may come once and comes twice is refused', async () => {
    const paths = ['/sandbox/', '/sandbox/disconnect', '/sandbox/api/grants', '/jwks', '/nothing'];
    expect(await acceptedAmbiguousHeaders(service.url, paths)).toEqual([]);
  });

  it('while the database is away, every endpoint says 503 and when to come back; none says 500', async () => {
    await postgres.pause();
    for (const [path, init] of pages) {
      const answer = await ask(path, init);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await answer.text()).toContain('<h1>This is not available right now</h1>');
    }
    const fhirApi = ServiceIdentity.of('fhir-api', { NODE_ENV: 'test' });
    const authorization = await fhirApi.authorizationFor('consent');
    for (const [path, init] of [
      ['/sandbox/api/grants', { headers: { cookie } }],
      [`/sandbox/api/grants/${id}`, { method: 'DELETE', headers: { cookie } }],
      [`/sandbox/internal/grants/${id}`, { headers: { authorization } }],
      ['/internal/facts', { headers: { authorization } }],
    ] as [string, RequestInit][]) {
      const answer = await ask(path, init);
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await answer.json()).toMatchObject({
        status: 503,
        code: expect.stringContaining('unavailable'),
      });
    }
    expect((await ask('/jwks')).status).toBe(200);
  });
});
