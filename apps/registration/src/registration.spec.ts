import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { localSigner } from '@payer/events';
import { ServiceIdentity } from '@payer/service';
import { appState, cloudEvent, factsAnswer } from '@payer/smart';
import { PortalApi, hash, redirect_uris } from './testing/portal-api.js';
import type { Answer } from './testing/portal.js';

const system = new PortalApi();
const { api, caughtUp, latest, newApp, published, send, signUp } = system;

beforeAll(() => system.start());
afterAll(() => system.stop());

describe('accounts', () => {
  it('an email has one account, in whatever case it is typed; a bad sign-up names every field', async () => {
    const again = await api(undefined, 'POST', '/api/developers', {
      name: 'Dev',
      organization: 'Apps Inc',
      email: 'DEV@client-app.example',
      password: 'a-long-password',
    });
    expect(again).toMatchObject({ status: 409, json: { detail: expect.stringContaining('sign in') } });
    const bad = await api(undefined, 'POST', '/api/developers', { email: 'no', password: 'short' });
    expect(bad.status).toBe(400);
    expect(bad.headers.get('content-type')).toContain('application/problem+json');
    expect(bad.json.errors.map((error: { field: string }) => error.field).sort()).toEqual([
      'email',
      'name',
      'organization',
      'password',
    ]);
    expect(bad.json.detail).toContain('name: is missing');
  });

  it('wrong credentials are refused without saying which part was wrong, and guessing is throttled', async () => {
    await signUp('guessed@client-app.example');
    const guess = (email: string) =>
      api(undefined, 'POST', '/api/sessions', { email, password: 'not the password' });
    expect((await guess('guessed@client-app.example')).json).toEqual(
      (await guess('nobody@client-app.example')).json,
    );
    const guesses = await Promise.all(Array.from({ length: 119 }, () => guess('guessed@client-app.example')));
    // One of the eight attempts was used above.
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(7);
    const throttled = await api(undefined, 'POST', '/api/sessions', {
      email: 'guessed@client-app.example',
      password: 'a-long-password',
    });
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0);
    const entries = await system.source.query(
      "SELECT 1 FROM audit_entry WHERE action = 'sign-in-throttled' AND actor = 'guessed@client-app.example'",
    );
    expect(entries).toHaveLength(113);
    expect((await api(undefined, 'POST', '/api/sessions', { email: 'x' })).status).toBe(400);
  });

  it('strangers who guess at the page, or from the same address, do not lock a program out', async () => {
    const credentials = { email: 'program@client-app.example', password: 'a-long-password' };
    await signUp(credentials.email);
    const signIn = (body: Record<string, string>) => api(undefined, 'POST', '/api/sessions', body);
    const { device_token } = (await signIn(credentials)).json as { device_token: string };
    for (let n = 0; n < 9; n++) await signIn({ ...credentials, password: 'a guess' });
    expect((await signIn(credentials)).status).toBe(429);
    expect((await signIn({ ...credentials, device_token })).status).toBe(200);
    const stolen = { ...credentials, email: 'dev@client-app.example', device_token };
    expect((await signIn({ ...stolen, password: 'a guess' })).status).toBe(401);
  });

  it('a session ends when it is signed out, and nothing is shown without one', async () => {
    const token = await signUp('leaving@client-app.example');
    expect((await api(token, 'GET', '/api/apps')).status).toBe(200);
    expect((await api(token, 'DELETE', '/api/sessions/current')).status).toBe(204);
    for (const given of [token, 'invented', undefined]) {
      const answer = await api(given, 'GET', '/api/apps');
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });
});

describe('pages', () => {
  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send('POST', path, {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'http://portal.example',
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });
  const cookies = (answer: Answer) =>
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ');

  it('sign up, create an app and see its secret', async () => {
    const signedUp = await form('/sign-up', {
      name: 'Page Dev',
      organization: 'Apps <Inc>',
      email: 'pages@client-app.example',
      password: 'a-long-password',
    });
    expect(signedUp.status).toBe(303);
    expect(signedUp.headers.getSetCookie()[0]).toMatch(/HttpOnly.*SameSite=Lax/i);
    const session = cookies(signedUp);

    const refused = await form('/apps', { client_name: '', plan: 'patient-access' }, { cookie: session });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('must not be empty');

    const created = await form(
      '/apps',
      {
        client_name: '<b>App</b>',
        redirect_uris: redirect_uris.join('\r\n'),
        plan: 'patient-access',
      },
      { cookie: session },
    );
    expect(created.status).toBe(303);
    const path = created.headers.get('location')!;
    const shown = await send('GET', path, { headers: { cookie: `${session}; ${cookies(created)}` } });
    const id = path.split('/').at(-1)!;
    const sha256 = (await latest(id))?.secrets[0]?.sha256;
    const secrets = shown.text.match(/[A-Za-z0-9]{43,}/g) ?? [];
    expect(secrets.map(hash)).toContain(sha256);
    expect(shown.text).not.toContain('<b>App');
    expect(shown.headers.get('cache-control')).toContain('no-store');
    const again = await send('GET', path, { headers: { cookie: session } });
    expect((again.text.match(/[A-Za-z0-9]{43,}/g) ?? []).map(hash)).not.toContain(sha256);
    const others = await send('GET', path, { headers: { cookie: `portal_session=${system.stranger}` } });
    expect([303, 404]).toContain(others.status);

    expect((await form(`${path}/delete`, {}, { cookie: session })).status).toBe(400);
    expect((await latest(id))?.status).toBe('active');
    await form(`${path}/delete`, { confirm_deletion: 'true' }, { cookie: session });
    expect((await latest(id))?.status).toBe('deleted');
  });

  it('strangers who guess a password lock nobody out of the browser they signed in with before', async () => {
    const credentials = { email: 'known@client-app.example', password: 'a-long-password' };
    await signUp(credentials.email);
    const device = cookies(await form('/sign-in', credentials));
    for (let i = 0; i < 8; i++) await form('/sign-in', { ...credentials, password: 'a guess' });
    const stranger = await form('/sign-in', credentials);
    expect(stranger.status).toBe(429);
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await form('/sign-in', credentials, { cookie: device })).status).toBe(303);
  });

  it('a form from a foreign page is refused, a page without a session leads to signing in', async () => {
    const answer = await form(
      '/sign-in',
      { email: 'dev@client-app.example', password: 'a-long-password' },
      { origin: 'https://evil.example' },
    );
    expect(answer.status).toBe(403);
    const page = await send('GET', '/apps/new');
    expect([303, 302, 401]).toContain(page.status);
    expect((await send('GET', '/platform/apps')).status).not.toBe(200);
    const home = await send('GET', '/');
    expect(home.status).toBe(200);
    expect(home.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('the OpenAPI document lists every call of the portal API', async () => {
    const { json } = await send('GET', '/api/openapi.json');
    expect(json.openapi).toMatch(/^3\./);
    const calls = Object.entries(json.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(calls).toEqual(
      expect.arrayContaining([
        'POST /api/developers',
        'POST /api/sessions',
        'POST /api/apps',
        'GET /api/apps',
        'GET /api/apps/{client_id}',
        'PATCH /api/apps/{client_id}',
        'DELETE /api/apps/{client_id}',
        'POST /api/apps/{client_id}/secret',
        'PUT /api/apps/{client_id}/subscription',
        'POST /api/apps/{client_id}/production-request',
        'GET /api/production-requests',
        'POST /api/production-requests/{id}/approve',
        'POST /api/production-requests/{id}/reject',
        'POST /api/apps/{client_id}/suspend',
        'POST /api/apps/{client_id}/reinstate',
        'POST /register',
      ]),
    );
  });
});

describe('how an app is used', () => {
  it('is the newest report of the other services, in whatever order and however often reports arrive', async () => {
    const { client_id = '' } = await newApp();
    const about = { environment: 'sandbox' as const, client_id };
    const now = new Date();
    const attributes = () => ({ id: randomUUID(), time: now });
    const day = now.toISOString().slice(0, 10);
    const total = (version: number, requests: number) =>
      cloudEvent(
        'access-recorded',
        {
          ...about,
          id: `sandbox:${client_id}:-:${day}`,
          version,
          grant_id: null,
          day,
          requests,
          errors: 0,
          last_at: now.toISOString(),
        },
        attributes(),
      );
    const failure = (second: number) =>
      cloudEvent(
        'authorization-failed',
        {
          ...about,
          id: `${client_id}-${second}`,
          version: 1,
          at: new Date(now.getTime() + second * 1000).toISOString(),
          error: 'invalid_scope',
          detail: `attempt ${second}`,
        },
        attributes(),
      );
    const seconds = Array.from({ length: 52 }, (_, second) => second);
    // The newest first. The oldest is published once more when it is no longer kept.
    const failures = [...seconds.toReversed(), 51, 0].map(failure);
    const events = [total(3, 30), total(1, 10), ...failures, total(3, 30), total(2, 20)];
    await system.log.append(events.map(localSigner));
    await caughtUp();
    const { json } = await api(system.developer, 'GET', `/api/apps/${client_id}/activity`);
    expect(json.traffic).toEqual([{ day, environment: 'sandbox', requests: 30, errors: 0 }]);
    expect((json.failed_authorizations as { detail: string }[]).map(({ detail }) => detail)).toEqual(
      seconds
        .slice(2)
        .toReversed()
        .map((second) => `attempt ${second}`),
    );
  });
});

it('its feed shows every app as the events do, and every change of one', async () => {
  const app = await newApp();
  await api(system.developer, 'PUT', `/api/apps/${app.client_id}/subscription`, { plan: 'patient-access' });
  const facts = async (after = '0') => {
    const authorization = await ServiceIdentity.of('fhir-api', system.config).authorizationFor(
      'registration',
    );
    const answer = await send('GET', `/internal/facts?after=${after}`, { headers: { authorization } });
    const { facts: shown, cursor } = factsAnswer.parse(answer.json);
    return {
      cursor,
      app: shown.map((fact) => appState.parse(fact)).find((s) => s.client_id === app.client_id),
    };
  };
  expect((await send('GET', '/internal/facts')).status).toBe(401);
  expect((await facts()).app).toEqual((await published(app.client_id!)).at(-1)!.data);
  const { cursor } = await facts();
  expect((await facts(cursor)).app).toBeUndefined();
  await api(system.developer, 'POST', `/api/apps/${app.client_id}/secret`, { grace_seconds: 0 });
  expect((await facts(cursor)).app).toEqual((await published(app.client_id!)).at(-1)!.data);
  await api(system.platform, 'POST', `/api/apps/${app.client_id}/suspend`, { reason: 'a leak' });
  expect((await facts(cursor)).app).toMatchObject({ status: 'suspended', environments: [] });
  await api(system.developer, 'DELETE', `/api/apps/${app.client_id}`);
  expect((await facts(cursor)).app).toMatchObject({ status: 'deleted', secrets: [] });
});
