import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningService } from '@payer/service';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { readConfig } from '../config.js';
import { registration } from '../service.js';
import { migrated } from '../testing/migrated.js';

describe('limits of what a caller may create', () => {
  let postgres: TestPostgres;
  let service: RunningService;
  let accounts = 0;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('registration', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
      TRUSTED_PROXIES: '127.0.0.1,::1',
      SIGN_UP_LIMIT_PER_ADDRESS: '3/60, 4/3600',
      APP_LIMIT_PER_ADDRESS: '6/60',
      APP_LIMIT_PER_DEVELOPER: '4/60',
      REGISTRATION_LIMIT_PER_ADDRESS: '5/60',
    });
    service = await registration.start(config);
  });
  afterAll(async () => {
    await service?.close();
    await postgres?.stop();
  });

  async function send(
    path: string,
    from: string,
    body: Record<string, unknown>,
    token?: string,
    form = false,
  ) {
    const response = await fetch(`${service.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        'x-forwarded-for': from,
        ...(token && !form ? { authorization: `Bearer ${token}` } : {}),
        ...(token && form ? { cookie: `portal_session=${token}` } : {}),
      },
      body: form ? new URLSearchParams(body as Record<string, string>) : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson ? JSON.parse(text) : {}) as Record<string, string>,
    };
  }

  const newAccount = () => ({
    name: 'Dev',
    organization: 'Apps Inc',
    email: `dev-${++accounts}@client-app.example`,
    password: 'correct horse battery',
  });
  const app = { client_name: 'Health', redirect_uris: ['https://client-app.com/redirect'] };

  /** @returns a developer's token @param from another address for each */
  async function developer(from: string): Promise<string> {
    const account = newAccount();
    expect((await send('/api/developers', from, account)).status).toBe(201);
    return (await send('/api/sessions', from, { email: account.email, password: account.password })).json
      .token!;
  }

  it('an address has so many sign-ups by page and API together; a bad form costs nothing', async () => {
    const from = '10.0.0.1';
    for (let n = 0; n < 5; n++) expect((await send('/api/developers', from, {})).status).toBe(400);
    const first = await send('/api/developers', from, newAccount());
    expect(first.status).toBe(201);
    expect(first.headers.get('ratelimit-policy')).toBe(
      '"sign-up-per-address-60";q=3;w=60, "sign-up-per-address-3600";q=4;w=3600',
    );
    expect(first.headers.get('ratelimit')).toMatch(/^"sign-up-per-address-60";r=2;t=60, .*;r=3;t=3600$/);
    expect((await send('/sign-up', from, newAccount(), undefined, true)).status).toBe(303);
    expect((await send('/api/developers', from, newAccount())).status).toBe(201);
    const refused = await send('/api/developers', from, newAccount());
    expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_requests', status: 429 } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    const page = await send('/sign-up', from, newAccount(), undefined, true);
    expect(page.status).toBe(429);
    expect(page.text).toContain('Too many sign-ups from your network');
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await send('/api/developers', '10.0.0.2', newAccount())).status).toBe(201);
  });

  it('a developer and an address have so many new apps by API, page and dynamic registration together', async () => {
    const [one, two] = [await developer('10.0.1.1'), await developer('10.0.1.2')];
    const from = '10.0.1.3';
    expect((await send('/api/apps', from, app, one)).status).toBe(201);
    const page = { ...app, redirect_uris: app.redirect_uris.join(), plan: 'patient-access' };
    expect((await send('/apps', from, page, one, true)).status).toBe(303);
    const registered = await send('/register', from, app, one);
    expect(registered.status).toBe(201);
    expect(registered.headers.get('ratelimit')).toMatch(
      /^"app-per-address-60";r=3;t=\d+, "app-per-developer-60";r=1;t=\d+$/,
    );
    expect((await send('/api/apps', '10.0.1.4', app, one)).status).toBe(201);
    // The developer has reached the limit at every address, but the address has not.
    for (const address of [from, '10.0.1.5']) {
      const refused = await send('/api/apps', address, app, one);
      expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_requests' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    }
    const oauth = await send('/register', from, app, one);
    expect(oauth).toMatchObject({ status: 429, json: { error: 'temporarily_unavailable' } });
    expect(oauth.headers.get('cache-control')).toBe('no-store');
    expect((await send('/apps', from, page, one, true)).status).toBe(429);
    for (let n = 0; n < 3; n++) expect((await send('/api/apps', from, app, two)).status).toBe(201);
    expect((await send('/api/apps', from, app, two)).status).toBe(429);
    expect((await send('/api/apps', '10.0.1.6', app, two)).status).toBe(201);
  });

  it('an address that registers with invented tokens is stopped, too', async () => {
    const statuses = [];
    for (let n = 0; n < 6; n++)
      statuses.push((await send('/register', '10.0.2.1', app, `invented-${n}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  });
});
