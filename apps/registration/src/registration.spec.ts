import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localSigner, PostgresEventLog } from '@payer/events';
import { migrate, ServiceIdentity, type RunningService } from '@payer/service';
import {
  appEventTypes,
  appState,
  cloudEvent,
  factsAnswer,
  type AppState,
  type AuditEntry,
  type CloudEvent,
} from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { readConfig, type Config } from './config.js';
import { databaseOptions } from './database/database-options.js';
import { registration } from './service.js';
import { sendSigned } from './testing/signed-answer.js';

interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are asserted on, not used
  json: any;
}

const redirect_uris = ['https://client-app.com/redirect'];
const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url');

describe('registration', () => {
  let postgres: TestPostgres;
  let config: Config;
  let service: RunningService;
  let log: PostgresEventLog;
  let source: DataSource;
  let developer: string;
  let stranger: string;
  let platform: string;
  let fhirApi: Server;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    fhirApi = createServer();
    await new Promise<void>((resolve) => fhirApi.listen(0, resolve));
    config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      REGISTRATION_URL: 'http://portal.example',
      FHIR_API_INTERNAL_URL: `http://localhost:${(fhirApi.address() as AddressInfo).port}`,
      DATABASE_URL: await postgres.database('registration'),
      EVENTS_DATABASE_URL: await postgres.database('events'),
    });
    await migrate(databaseOptions(config.DATABASE_URL));
    service = await registration.start(config);
    log = new PostgresEventLog(config.EVENTS_DATABASE_URL);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    developer = await signUp('dev@client-app.example');
    stranger = await signUp('stranger@client-app.example');
    platform = await signIn('platform@example.org', 'platform-password');
  }, 60_000);
  afterAll(async () => {
    await service?.close();
    await log?.close();
    await source?.destroy();
    await postgres?.stop();
  });

  async function send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${service.url}${path}`, { redirect: 'manual', ...init, method });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json: unknown = isJson && text ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  }

  const api = (token: string | undefined, method: string, path: string, body?: unknown) =>
    send(method, path, {
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  async function signUp(email: string): Promise<string> {
    const account = { name: 'Dev', organization: 'Apps Inc', email, password: 'a-long-password' };
    expect((await api(undefined, 'POST', '/api/developers', account)).status).toBe(201);
    return signIn(email, account.password);
  }

  async function signIn(email: string, password: string): Promise<string> {
    return String((await api(undefined, 'POST', '/api/sessions', { email, password })).json.token);
  }

  async function newApp(metadata: Record<string, unknown> = {}): Promise<Record<string, string>> {
    const answer = await api(developer, 'POST', '/api/apps', {
      client_name: 'Health',
      redirect_uris,
      ...metadata,
    });
    expect(answer.status).toBe(201);
    return answer.json as Record<string, string>;
  }

  /** All published events of an app, in order. */
  async function told(clientId: string): Promise<CloudEvent<'app-updated'>[]> {
    const { rows } = await log.read(log.pool, 0n, appEventTypes, 10_000);
    return rows.map((row) => row.event as CloudEvent<'app-updated'>).filter((e) => e.subject === clientId);
  }
  /** Waits until the service has applied all events of the log. */
  async function settled(): Promise<void> {
    const head = await log.head();
    await eventually(async () => {
      const { rows } = await log.pool.query(
        "SELECT position FROM consumer_group WHERE name = 'registration'",
      );
      return BigInt(rows[0]?.position ?? 0) >= head;
    });
  }
  const latest = async (clientId: string): Promise<AppState | undefined> =>
    (await told(clientId)).at(-1)?.data;

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
      const guesses = await Promise.all(
        Array.from({ length: 119 }, () => guess('guessed@client-app.example')),
      );
      // One of the eight attempts was used above.
      expect(guesses.filter(({ status }) => status === 401)).toHaveLength(7);
      const throttled = await api(undefined, 'POST', '/api/sessions', {
        email: 'guessed@client-app.example',
        password: 'a-long-password',
      });
      expect(throttled.status).toBe(429);
      expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0);
      const entries = await source.query(
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

  describe('apps', () => {
    it('the secret is in the answer of the creation only, and leaves the service as a hash', async () => {
      const app = await newApp();
      expect(app.client_id).toMatch(/^[A-Za-z0-9]+$/);
      expect(app.client_secret).toMatch(/^[A-Za-z0-9]{43,}$/);
      const secret = app.client_secret!;
      const shown = await api(developer, 'GET', `/api/apps/${app.client_id}`);
      expect(shown).toMatchObject({
        status: 200,
        json: { client_name: 'Health', redirect_uris, plan: null },
      });
      expect(shown.text).not.toContain(secret);
      expect(shown.text).not.toContain(hash(secret));
      expect((await api(developer, 'GET', '/api/apps')).text).not.toContain(secret);
      const state = await latest(app.client_id!);
      expect(state).toMatchObject({ version: 1, secrets: [{ sha256: hash(secret), expires_at: null }] });
      const [stored] = (await source.query('SELECT * FROM app_secret WHERE client_id = $1', [
        app.client_id,
      ])) as object[];
      expect(JSON.stringify(stored)).not.toContain(secret);
    });

    it('redirect URIs are kept character for character; bad ones are refused with the reason', async () => {
      const kept = [
        'https://client-app.com/Redirect/?a=%7E&b',
        'https://client-app.com:443/redirect',
        'http://127.0.0.1:8080/cb',
        'http://localhost/cb',
      ];
      const app = await newApp({ redirect_uris: kept });
      expect((await latest(app.client_id!))?.redirect_uris).toEqual(kept);
      for (const [uri, reason] of [
        ['/redirect', /absolute/],
        ['https://client-app.com/#x', /fragment/],
        ['https://*.client-app.com/', /wildcard/],
        ['http://client-app.com/redirect', /https/],
        ['javascript:alert(1)', /https/],
      ] as const) {
        const answer = await api(developer, 'POST', '/api/apps', {
          client_name: 'Bad',
          redirect_uris: [redirect_uris[0], uri],
        });
        expect(answer.status).toBe(400);
        const [problem] = answer.json.errors as { field: string; message: string }[];
        expect(problem?.field).toBe('redirect_uris.1');
        expect(problem?.message).toMatch(reason);
      }
      const twice = await api(developer, 'POST', '/api/apps', {
        client_name: 'Bad',
        redirect_uris: [redirect_uris[0], redirect_uris[0]],
      });
      expect(twice.json.errors[0].field).toBe('redirect_uris.1');
    });

    it('what members will be shown is https and has nothing invisible in it', async () => {
      const refusedFor = async (metadata: Record<string, unknown>) =>
        (await api(developer, 'POST', '/api/apps', { client_name: 'Bad', ...metadata })).json.errors;
      for (const member of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'])
        for (const uri of ['http://client-app.com/', 'javascript:alert(1)', 'data:text/html,x'])
          expect(await refusedFor({ [member]: uri })).toEqual([
            { field: member, message: expect.stringContaining('https') },
          ]);
      for (const client_name of ['Health\u200bApp', 'Health\u202eApp', 'Health\0App'])
        expect(await refusedFor({ client_name })).toMatchObject([{ field: 'client_name' }]);
      expect((await api(developer, 'GET', '/api/apps/a%00b')).status).toBe(400);
    });

    it('belong to their developer: for others they are not there, and only the platform team governs', async () => {
      const { client_id: id } = await newApp();
      for (const [method, path, body] of [
        ['GET', `/api/apps/${id}`],
        ['PATCH', `/api/apps/${id}`, { client_name: 'Mine' }],
        ['DELETE', `/api/apps/${id}`],
        ['POST', `/api/apps/${id}/secret`, {}],
        ['PUT', `/api/apps/${id}/subscription`, { plan: 'patient-access' }],
        ['POST', `/api/apps/${id}/production-request`, {}],
      ] as const)
        expect((await api(stranger, method, path, body)).status).toBe(404);
      expect((await api(stranger, 'GET', '/api/apps')).json).toEqual([]);
      for (const [method, path, body] of [
        ['POST', `/api/apps/${id}/suspend`, { reason: 'no' }],
        ['POST', `/api/apps/${id}/reinstate`, {}],
        ['GET', '/api/production-requests'],
        ['POST', '/api/production-requests/00000000-0000-4000-8000-000000000000/approve', {}],
      ] as const)
        expect((await api(developer, method, path, body)).status).toBe(403);
      expect((await api(platform, 'GET', `/api/apps/${id}`)).status).toBe(200);
      expect((await api(platform, 'POST', '/api/apps', { client_name: 'X', redirect_uris })).status).toBe(
        403,
      );
    });

    it('change what is sent and keep the rest; ten changes at once leave in order, each with its own version', async () => {
      const { client_id: id } = await newApp({ tos_uri: 'https://client-app.com/terms' });
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          api(developer, 'PATCH', `/api/apps/${id}`, { client_name: `Health ${i}` }),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
      const events = await eventually(async () => {
        const all = await told(id!);
        return all.length === 11 && all;
      });
      expect(events.map((event) => event.data.version)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
      expect(events.at(-1)?.data).toMatchObject({ redirect_uris, tos_uri: 'https://client-app.com/terms' });
      const same = await api(developer, 'PATCH', `/api/apps/${id}`, { redirect_uris });
      expect(same.json.version).toBe(11);
    });

    it('a replaced secret works on for the grace period, also for none, and never three at once', async () => {
      const app = await newApp();
      const replace = (body: unknown) => api(developer, 'POST', `/api/apps/${app.client_id}/secret`, body);
      const second = await replace({});
      expect(second).toMatchObject({ status: 200, json: { client_id: app.client_id } });
      const state = await latest(app.client_id!);
      expect(state?.secrets).toEqual([
        { sha256: hash(second.json.client_secret), expires_at: null },
        { sha256: hash(app.client_secret!), expires_at: second.json.old_secret_expires_at },
      ]);
      const grace = Date.parse(second.json.old_secret_expires_at) - Date.now();
      expect(Math.abs(grace - config.SECRET_GRACE_SECONDS * 1000)).toBeLessThan(60_000);
      const third = await replace({ grace_seconds: 60 });
      expect((await latest(app.client_id!))?.secrets.map(({ sha256 }) => sha256)).toEqual([
        hash(third.json.client_secret),
        hash(second.json.client_secret),
      ]);
      const fourth = await replace({ grace_seconds: 0 });
      expect((await latest(app.client_id!))?.secrets).toEqual([
        { sha256: hash(fourth.json.client_secret), expires_at: null },
      ]);
      expect((await replace({ grace_seconds: 1e9 })).json.errors[0].field).toBe('grace_seconds');
    });

    it('a deleted app has no credentials and no environment, and is gone for its developer', async () => {
      const { client_id: id } = await newApp();
      await api(developer, 'PUT', `/api/apps/${id}/subscription`, { plan: 'patient-access' });
      expect((await api(developer, 'DELETE', `/api/apps/${id}`)).status).toBe(204);
      expect(await latest(id!)).toMatchObject({
        status: 'deleted',
        environments: [],
        secrets: [],
        tokens_valid_from: expect.any(String),
      });
      expect((await api(developer, 'GET', `/api/apps/${id}`)).status).toBe(404);
      expect((await api(developer, 'PUT', `/api/apps/${id}/subscription`, {})).status).toBeGreaterThan(399);
    });
  });

  describe('plans and production', () => {
    it('an app has exactly one plan, which opens the sandbox', async () => {
      const { client_id: id } = await newApp();
      const subscribe = (plan: string) => api(developer, 'PUT', `/api/apps/${id}/subscription`, { plan });
      expect((await subscribe('everything')).json.errors[0]).toMatchObject({
        field: 'plan',
        message: expect.stringContaining('patient-access, provider-directory'),
      });
      expect(await subscribe('patient-access')).toMatchObject({
        status: 200,
        json: { plan: 'patient-access', environments: ['sandbox'] },
      });
      expect((await subscribe('patient-access')).status).toBe(200);
      expect(await subscribe('provider-directory')).toMatchObject({
        status: 409,
        json: { detail: expect.stringContaining('another app') },
      });
      expect(await latest(id!)).toMatchObject({ plan: 'patient-access', environments: ['sandbox'] });
      const bare = await newApp({ redirect_uris: [] });
      expect(
        await api(developer, 'PUT', `/api/apps/${bare.client_id}/subscription`, { plan: 'patient-access' }),
      ).toMatchObject({ status: 409, json: { detail: expect.stringContaining('redirect URI') } });
    });

    it('production is asked for once, decided once, closed by suspension and opened again by reinstatement', async () => {
      const { client_id: id } = await newApp();
      const ask = () => api(developer, 'POST', `/api/apps/${id}/production-request`, { use_case: 'to help' });
      expect(await ask()).toMatchObject({ status: 409, json: { detail: expect.stringContaining('plan') } });
      await api(developer, 'PUT', `/api/apps/${id}/subscription`, { plan: 'provider-directory' });
      const first = await ask();
      expect(first).toMatchObject({ status: 201, json: { id: expect.any(String), status: 'pending' } });
      expect((await ask()).status).toBe(409);
      const queue = await api(platform, 'GET', '/api/production-requests?status=pending');
      expect(queue.json).toContainEqual(
        expect.objectContaining({ id: first.json.id, client_id: id, use_case: 'to help' }),
      );

      const decide = (request: string, verb: string, body: unknown) =>
        api(platform, 'POST', `/api/production-requests/${request}/${verb}`, body);
      expect((await decide(first.json.id, 'reject', {})).json.errors[0].field).toBe('note');
      expect((await decide(first.json.id, 'reject', { note: 'Tell us more.' })).json.status).toBe('rejected');
      expect((await api(developer, 'GET', `/api/apps/${id}`)).json.production_request).toMatchObject({
        status: 'rejected',
        note: 'Tell us more.',
      });
      const second = await ask();
      const both = await Promise.all([
        decide(second.json.id, 'approve', { note: 'fine' }),
        decide(second.json.id, 'approve', { note: 'fine' }),
      ]);
      expect(both.map((answer) => answer.status).sort()).toEqual([200, 409]);
      expect((await told(id!)).at(-1)).toMatchObject({
        type: 'app-approved',
        data: { environments: ['sandbox', 'production'] },
      });
      expect((await ask()).status).toBe(409);

      const govern = (verb: string, body: unknown) => api(platform, 'POST', `/api/apps/${id}/${verb}`, body);
      expect((await govern('suspend', {})).json.errors[0].field).toBe('reason');
      expect((await govern('reinstate', {})).status).toBe(409);
      expect((await govern('suspend', { reason: 'Too many complaints.' })).json).toMatchObject({
        status: 'suspended',
        environments: [],
        suspension: { reason: 'Too many complaints.' },
      });
      expect((await told(id!)).at(-1)).toMatchObject({
        type: 'app-suspended',
        data: { status: 'suspended', environments: [], tokens_valid_from: expect.any(String) },
      });
      expect((await govern('suspend', { reason: 'again' })).status).toBe(409);
      expect((await govern('reinstate', {})).json.environments).toEqual(['sandbox', 'production']);
    });

    it('reinstatement refuses what was issued during the suspension, by whatever clock; a brief one keeps its instant', async () => {
      const { client_id: id } = await newApp();
      const govern = (verb: string) => api(platform, 'POST', `/api/apps/${id}/${verb}`, { reason: 'a test' });
      const validFrom = async () => {
        const { data } = (await told(id!)).at(-1)!;
        return Date.parse((data as AppState).tokens_valid_from!);
      };
      await govern('suspend');
      const suspended = await validFrom();
      await govern('reinstate');
      expect(await validFrom()).toBe(suspended);
      await govern('suspend');
      await source.query("UPDATE app SET tokens_valid_from = now() - interval '1 day' WHERE client_id = $1", [
        id,
      ]);
      await govern('reinstate');
      const age = Date.now() - (await validFrom());
      expect(age).toBeGreaterThanOrEqual(60_000);
      expect(age).toBeLessThan(120_000);
    });
  });

  describe('dynamic client registration (RFC 7591)', () => {
    const register = (token: string | undefined, body: unknown) => api(token, 'POST', '/register', body);

    it('needs the initial access token of the portal, which is good for as many apps as it says', async () => {
      const issued = await api(developer, 'POST', '/api/initial-access-tokens', { uses: 1 });
      expect(issued).toMatchObject({ status: 201, json: { uses: 1 } });
      for (const token of [undefined, 'invented']) {
        const answer = await register(token, { client_name: 'X', redirect_uris });
        expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
      const metadata = { client_name: 'Registered', redirect_uris, grant_types: ['authorization_code'] };
      const bad = await register(issued.json.token, { ...metadata, redirect_uris: ['http://a.example/'] });
      expect(bad).toMatchObject({ status: 400, json: { error: 'invalid_redirect_uri' } });
      const answers = await Promise.all([
        register(issued.json.token, metadata),
        register(issued.json.token, metadata),
        register(issued.json.token, metadata),
      ]);
      expect(answers.map((answer) => answer.status).sort()).toEqual([201, 401, 401]);
      const registered = answers.find((answer) => answer.status === 201)!;
      expect(registered.headers.get('cache-control')).toBe('no-store');
      expect(registered.json).toMatchObject({
        client_id: expect.any(String),
        client_secret: expect.any(String),
        client_secret_expires_at: 0,
        redirect_uris,
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_basic',
        scope: 'openid fhirUser launch/patient patient/*.rs',
      });
      expect(await latest(registered.json.client_id)).toMatchObject({
        plan: 'patient-access',
        environments: ['sandbox'],
      });
    });

    it('an app that signs its requests gets no secret, and one form of keys replaces the other', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] };
      const metadata = {
        client_name: 'Signing',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
      };
      expect(await register(developer, metadata)).toMatchObject({
        status: 400,
        json: { error: 'invalid_client_metadata', error_description: expect.stringContaining('jwks') },
      });
      const { status, json } = await register(developer, { ...metadata, jwks });
      expect({ status, json }).toMatchObject({ status: 201, json: { ...metadata, jwks } });
      expect(json).not.toHaveProperty('client_secret');
      const id = json.client_id as string;
      expect(await latest(id)).toMatchObject({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks,
        secrets: [],
      });
      const patch = (body: unknown) => api(developer, 'PATCH', `/api/apps/${id}`, body);
      const jwks_uri = 'https://app.example/jwks.json';
      expect((await patch({ jwks_uri })).json).toMatchObject({ jwks: null, jwks_uri });
      expect((await patch({ jwks })).json).toMatchObject({ jwks, jwks_uri: null });
      expect((await patch({ jwks: null })).status).toBe(400);
      const replaced = await api(developer, 'POST', `/api/apps/${id}/secret`, {});
      expect(replaced).toMatchObject({ status: 200, json: { client_secret: expect.any(String) } });
      const basic = await patch({ token_endpoint_auth_method: 'client_secret_basic', jwks: null });
      expect(basic).toMatchObject({ status: 200, json: { jwks: null } });
    });

    it('the program that registered an app reads, replaces and ends it, and nobody else does (RFC 7592)', async () => {
      const metadata = { client_name: 'Managed', redirect_uris, policy_uri: 'https://app.example/privacy' };
      const { json: registered } = await register(developer, metadata);
      const { client_id, client_secret, registration_access_token: token } = registered;
      expect(registered.registration_client_uri).toMatch(new RegExp(`/register/${client_id}$`));
      const at = `/register/${client_id}`;
      const shown = await api(token, 'GET', at);
      expect(shown).toMatchObject({
        status: 200,
        json: { ...metadata, client_id, registration_access_token: token },
      });
      expect(shown.json).not.toHaveProperty('client_secret');
      expect(shown.headers.get('cache-control')).toBe('no-store');
      const { json: other } = await register(developer, { ...metadata, client_name: 'Other' });
      for (const [wrong, path] of [
        [undefined, at],
        ['invented', at],
        [developer, at],
        [other.registration_access_token, at],
        [token, '/register/unknown'],
        [token, '/register/a%20b'],
      ] as const)
        for (const method of ['GET', 'PUT', 'DELETE']) {
          const answer = await api(wrong, method, path, method === 'PUT' ? { client_id } : undefined);
          expect({ method, path, answer }).toMatchObject({
            answer: { status: 401, json: { error: 'invalid_token' } },
          });
          expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        }
      const put = (body: Record<string, unknown>) => api(token, 'PUT', at, { client_id, ...body });
      for (const [body, error] of [
        [{ ...metadata, client_id: other.client_id }, 'invalid_client_metadata'],
        [{ ...metadata, client_secret: 'wrong' }, 'invalid_client_metadata'],
        [{ ...metadata, registration_access_token: token }, 'invalid_client_metadata'],
        [{ ...metadata, client_name: '' }, 'invalid_client_metadata'],
        [{ client_name: 'Directory', grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
        [{ client_name: 'No URI' }, 'invalid_redirect_uri'],
        [{ ...metadata, redirect_uris: ['http://a.example/'] }, 'invalid_redirect_uri'],
      ] as const)
        expect(await put(body)).toMatchObject({ status: 400, json: { error } });
      const renamed = { client_name: 'Renamed', redirect_uris };
      const replaced = await put({ ...renamed, client_secret, require_pkce: true });
      expect(replaced).toMatchObject({ status: 200, json: { ...renamed, require_pkce: true } });
      expect(replaced.json).not.toHaveProperty('policy_uri');
      expect(await latest(client_id)).toMatchObject({ ...renamed, policy_uri: null, require_pkce: true });
      expect((await api(token, 'DELETE', at)).status).toBe(204);
      expect(await latest(client_id)).toMatchObject({ status: 'deleted' });
      expect((await api(token, 'GET', at)).status).toBe(401);
    });

    it('a program that goes back from keys gets a secret, and the developer can end its token', async () => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] };
      const directory = { client_name: 'Signing', grant_types: ['client_credentials'] };
      const signing = { ...directory, token_endpoint_auth_method: 'private_key_jwt', jwks };
      const { json } = await register(developer, signing);
      const { client_id, registration_access_token: token } = json;
      const put = () => api(token, 'PUT', `/register/${client_id}`, { ...directory, client_id });
      const changed = await put();
      expect(changed.json).toMatchObject({
        token_endpoint_auth_method: 'client_secret_basic',
        client_secret: expect.any(String),
      });
      expect(changed.json).not.toHaveProperty('jwks');
      expect((await put()).json).not.toHaveProperty('client_secret');
      const app = `/api/apps/${client_id}`;
      expect((await api(developer, 'GET', app)).json.managed_by_program).toBe(true);
      expect((await api(developer, 'DELETE', `${app}/registration-access-token`)).status).toBe(204);
      expect((await api(developer, 'GET', app)).json.managed_by_program).toBe(false);
      expect((await put()).status).toBe(401);
    });

    it('finds the plan from the metadata and refuses what fits no plan, naming the member', async () => {
      const directory = await register(developer, {
        client_name: 'Directory',
        grant_types: ['client_credentials'],
        scope: 'system/*.rs',
      });
      expect(directory).toMatchObject({ status: 201, json: { scope: 'system/*.rs', response_types: [] } });
      for (const [metadata, name] of [
        [{ grant_types: ['implicit'] }, 'grant_types'],
        [{ grant_types: ['authorization_code', 'client_credentials'] }, 'grant_types'],
        [{ token_endpoint_auth_method: 'none' }, 'token_endpoint_auth_method'],
        [{ scope: 'patient/*.rs user/*.cruds' }, 'scope'],
        [{ client_name: '' }, 'client_name'],
      ] as const)
        expect(await register(developer, { client_name: 'X', redirect_uris, ...metadata })).toMatchObject({
          status: 400,
          json: { error: 'invalid_client_metadata', error_description: expect.stringContaining(name) },
        });
    });
  });

  describe('how an app is used', () => {
    it('is what the other services told last, in whatever order and however often they tell it', async () => {
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
      await log.append(events.map(localSigner));
      await settled();
      const { json } = await api(developer, 'GET', `/api/apps/${client_id}/activity`);
      expect(json.traffic).toEqual([{ day, environment: 'sandbox', requests: 30, errors: 0 }]);
      expect((json.failed_authorizations as { detail: string }[]).map(({ detail }) => detail)).toEqual(
        seconds
          .slice(2)
          .toReversed()
          .map((second) => `attempt ${second}`),
      );
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
      const others = await send('GET', path, { headers: { cookie: `portal_session=${stranger}` } });
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

  describe('the audit trail', () => {
    const audit = async (query: Record<string, string>, token = platform) =>
      api(token, 'GET', `/api/audit?${new URLSearchParams(query)}`);
    const entriesOf = async (query: Record<string, string>) =>
      ((await audit(query)).json as { entries: AuditEntry[] }).entries;

    it('tells the platform team who did what to an app, in which request, and nobody else', async () => {
      const { client_id, client_secret } = await newApp();
      await api(developer, 'PUT', `/api/apps/${client_id}/subscription`, { plan: 'patient-access' });
      const rotated = await api(developer, 'POST', `/api/apps/${client_id}/secret`, {});
      const suspended = await api(platform, 'POST', `/api/apps/${client_id}/suspend`, { reason: 'a test' });
      await api(platform, 'POST', `/api/apps/${client_id}/reinstate`, {});
      const entries = await entriesOf({ client_id: client_id! });
      expect(entries.map(({ action, actor_role, actor }) => [action, actor_role, actor])).toEqual([
        ['app-reinstated', 'platform', 'platform@example.org'],
        ['app-suspended', 'platform', 'platform@example.org'],
        ['secret-replaced', 'developer', 'dev@client-app.example'],
        ['plan-subscribed', 'developer', 'dev@client-app.example'],
        ['app-registered', 'developer', 'dev@client-app.example'],
      ]);
      expect(entries[1]).toMatchObject({
        detail: { reason: 'a test' },
        request_id: suspended.headers.get('x-request-id'),
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      for (const secret of [client_secret!, rotated.json.client_secret as string, hash(client_secret!)])
        expect(JSON.stringify(entries)).not.toContain(secret);
      expect((await audit({ client_id: client_id! }, developer)).status).toBe(403);
    });

    it('is searched by what, who and when, and read a page at a time', async () => {
      const since = new Date().toISOString();
      await api(undefined, 'POST', '/api/sessions', { email: 'dev@client-app.example', password: 'hunter2' });
      await api(undefined, 'POST', '/api/sessions', { email: 'hunter2@typed.example', password: 'x' });
      await signIn('dev@client-app.example', 'a-long-password');
      const mine = await entriesOf({ since });
      expect(mine.map(({ action, actor }) => [action, actor])).toEqual([
        ['signed-in', 'dev@client-app.example'],
        ['sign-in-refused', null],
        ['sign-in-refused', 'dev@client-app.example'],
      ]);
      expect(JSON.stringify(mine)).not.toContain('hunter2');
      expect(await entriesOf({ since, actor: 'dev@client-app.example' })).toEqual([mine[0], mine[2]]);
      expect(await entriesOf({ since, type: 'signed-in' })).toEqual([mine[0]]);
      expect(await entriesOf({ until: mine.at(-1)!.at, since })).toEqual([]);
      const read: AuditEntry[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page = await audit({ since, limit: '1', ...(cursor ? { cursor } : {}) });
        read.push(...(page.json.entries as AuditEntry[]));
        cursor = page.json.next as string | null;
      }
      expect(read).toEqual(mine);
      for (const wrong of [{ since: 'yesterday' }, { type: 'nothing' }, { cursor: 'forged' }, { limit: '0' }])
        expect((await audit(wrong as unknown as Record<string, string>)).status).toBe(400);
    });

    it('refuses a period that ends before it begins, and a page of no size that there is', async () => {
      const queries: [string, Record<string, string>, string][] = [
        ['', { since: '2026-03', until: '2026-02' }, 'until: must be later than since'],
        [
          '/readers',
          { since: '2026-03-02', until: '2026-03-01T00:00:00Z' },
          'until: must be later than since',
        ],
        ['/reads', { app: 'x', since: '2026-03-02', until: '2026-03-01' }, 'until: must not be before since'],
        ...['0', '-1', '1001', '1.5', 'x'].map((limit): [string, Record<string, string>, string] => [
          '',
          { limit },
          'limit: must be a whole number from 1 to 1000',
        ]),
      ];
      for (const [path, query, detail] of queries) {
        const environment: Record<string, string> = path === '' ? {} : { environment: 'sandbox' };
        const asked = new URLSearchParams({ ...environment, ...query });
        expect(await api(platform, 'GET', `/api/audit${path}?${asked}`)).toMatchObject({
          status: 400,
          json: { detail },
        });
      }
    });

    it('holds what the other services tell, once however often they do, and refuses every change', async () => {
      const entry: AuditEntry = {
        id: randomUUID(),
        version: 1,
        at: new Date().toISOString(),
        service: 'consent',
        action: 'grant-revoked',
        actor_role: 'member',
        actor: 'sub-7',
        environment: 'sandbox',
        client_id: 'app7',
        grant_id: 'grant-7',
        sub: 'sub-7',
        request_id: 'request-0007',
        trace_id: 'c'.repeat(32),
        detail: { reason: 'member' },
      };
      for (const id of [randomUUID(), randomUUID()])
        await log.append([localSigner(cloudEvent('audit-recorded', entry, { id, time: new Date() }))]);
      await eventually(async () => (await entriesOf({ grant_id: 'grant-7' })).length > 0);
      expect(await entriesOf({ actor: 'sub-7', environment: 'sandbox' })).toEqual([entry]);
      await expect(source.query("DELETE FROM audit_entry WHERE grant_id = 'grant-7'")).rejects.toThrow(
        /append-only/,
      );
    });

    it('asks fhir-api about data access, with a token for fhir-api only, and says so when it is away', async () => {
      const asked: [string | undefined, string | undefined][] = [];
      const entry = { ...(await entriesOf({ grant_id: 'grant-7' }))[0]!, id: '41', action: 'data-access' };
      fhirApi.on('request', (request, response) => {
        asked.push([request.headers.authorization, request.url]);
        void sendSigned('fhir-api', request, response, { entries: [entry] });
      });
      const query = { type: 'data-access', environment: 'sandbox', grant_id: 'grant-7', limit: '1' };
      const first = await audit(query);
      expect(first.json.entries).toEqual([entry]);
      await audit({ ...query, cursor: first.json.next as string });
      expect(asked[0]).toEqual([
        expect.stringMatching(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/),
        '/internal/sandbox/access?grant_id=grant-7&limit=1',
      ]);
      const fhirApiIdentity = ServiceIdentity.of('fhir-api', config);
      expect(await fhirApiIdentity.refuseStrangers(asked[0]![0], ['registration'])).toBe('registration');
      expect(new URLSearchParams(asked[1]![1]!.split('?')[1]).get('after_id')).toBe('41');
      const page = await send('GET', `/platform/audit?${new URLSearchParams({ ...query, actor: '' })}`, {
        headers: { cookie: await pageCookie() },
      });
      expect(page.status).toBe(200);
      expect(page.text).toContain('data-access');
      expect(page.text).toContain('Older entries');
      fhirApi.closeAllConnections();
      await new Promise((resolve) => fhirApi.close(resolve));
      expect(await audit(query)).toMatchObject({ status: 503, json: { code: 'data_access_unavailable' } });
      expect((await audit({ type: 'data-access' })).status).toBe(400);
    });

    async function pageCookie(): Promise<string> {
      const signedIn = await send('POST', '/sign-in', {
        body: new URLSearchParams({ email: 'platform@example.org', password: 'platform-password' }),
      });
      return signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
    }
  });

  it('its feed shows every app as the events do, and every change of one', async () => {
    const app = await newApp();
    await api(developer, 'PUT', `/api/apps/${app.client_id}/subscription`, { plan: 'patient-access' });
    const facts = async (after = '0') => {
      const authorization = await ServiceIdentity.of('fhir-api', config).authorizationFor('registration');
      const answer = await send('GET', `/internal/facts?after=${after}`, { headers: { authorization } });
      const { facts: shown, cursor } = factsAnswer.parse(answer.json);
      return {
        cursor,
        app: shown.map((fact) => appState.parse(fact)).find((s) => s.client_id === app.client_id),
      };
    };
    expect((await send('GET', '/internal/facts')).status).toBe(401);
    expect((await facts()).app).toEqual((await told(app.client_id!)).at(-1)!.data);
    const { cursor } = await facts();
    expect((await facts(cursor)).app).toBeUndefined();
    await api(developer, 'POST', `/api/apps/${app.client_id}/secret`, { grace_seconds: 0 });
    expect((await facts(cursor)).app).toEqual((await told(app.client_id!)).at(-1)!.data);
    await api(platform, 'POST', `/api/apps/${app.client_id}/suspend`, { reason: 'a leak' });
    expect((await facts(cursor)).app).toMatchObject({ status: 'suspended', environments: [] });
    await api(developer, 'DELETE', `/api/apps/${app.client_id}`);
    expect((await facts(cursor)).app).toMatchObject({ status: 'deleted', secrets: [] });
  });
});
