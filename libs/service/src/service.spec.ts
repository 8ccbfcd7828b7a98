import { randomBytes } from 'node:crypto';
import { Controller, Get, Ip, Logger, Module, Param, Post } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventPattern, Server } from '@nestjs/microservices';
import { TerminusModule } from '@nestjs/terminus';
import { currentTraceparent, Delivery, localSigner, publicKeysOf } from '@payer/events';
import { cloudEvent, type AppState } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import {
  addressesFrom,
  addressVariables,
  applyAppState,
  commonVariables,
  CreateAppModel1764000000004,
  CreateSessions1764000000003,
  CreateSigningKeys1764000000001,
  CreateUsedMessages1764000000002,
  createLogger,
  currentRequestId,
  databaseTakesWrites,
  findApp,
  HealthController,
  hashPassword,
  listVariable,
  loadConfig,
  migrate,
  parseBody,
  passwordMatches,
  Problem,
  ProblemFilter,
  ReadinessChecks,
  refuseForeignOrigins,
  requiredInProduction,
  Sealer,
  secret,
  Sessions,
  signingKeys,
  startService,
  useMessageOnce,
  type RunningService,
} from './index.js';

describe('configuration', () => {
  const variables = {
    PORT: z.coerce.number().int().min(0).max(65535).default(4000),
    NAMES: listVariable('a, b'),
    COOKIE_KEY: secret('a-local-secret-of-no-value'),
  };

  it('has a default for everything on a single machine; an empty variable counts as not set', () => {
    expect(loadConfig(variables, { PORT: '' })).toEqual({
      PORT: 4000,
      NAMES: ['a', 'b'],
      COOKIE_KEY: 'a-local-secret-of-no-value',
    });
  });

  it('names every wrong variable in one message, and never a secret', () => {
    const wrong = () => loadConfig(variables, { PORT: '99999', COOKIE_KEY: 'short-one' });
    expect(wrong).toThrow(/PORT is "99999"/);
    expect(wrong).toThrow(/COOKIE_KEY is set: must have at least 16 characters/);
    expect(wrong).not.toThrow(/short-one/);
  });

  it('refuses local secrets in production, also when they are given on purpose', () => {
    for (const COOKIE_KEY of [undefined, 'a-local-secret-of-no-value'])
      expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).toThrow(
        /COOKIE_KEY must be set/,
      );
    const COOKIE_KEY = randomBytes(32).toString('hex');
    expect(loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY }).PORT).toBe(4000);
  });

  it.each([
    'x'.repeat(64),
    'ab'.repeat(20),
    'changeme'.repeat(4),
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab',
    '0000000000000001',
    '0123456789abcdef',
    'zyxwvutsrqponmlkjihgfedcba',
    '1234567890'.repeat(5),
  ])('a secret that can be guessed starts nothing in production: %s', (COOKIE_KEY) => {
    expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).toThrow(
      /COOKIE_KEY .* when NODE_ENV is production/,
    );
    expect(() => loadConfig(variables, { NODE_ENV: 'production', COOKIE_KEY })).not.toThrow(COOKIE_KEY);
    expect(loadConfig(variables, { COOKIE_KEY }).COOKIE_KEY).toBe(COOKIE_KEY);
  });

  it('in production every weak variable is in one message: databases, addresses, keys', () => {
    // The services' keys have their own checks.
    const { SERVICE_SIGNING_KEY: _own, SERVICE_PUBLIC_KEYS: _all, ...common } = commonVariables;
    const all = {
      ...common,
      ...addressVariables,
      ...variables,
      DATABASE_URL: z.string().default('postgres://postgres:postgres@localhost:54329/x'),
      ONLY_THERE: requiredInProduction(z.string().optional()),
    };
    const strong = {
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://consent:mWq7Yt3Rk0Zp5d@db.example/consent',
      EVENT_TRANSPORT: 'kafka',
      COOKIE_KEY: randomBytes(32).toString('hex'),
      ONLY_THERE: 'yes',
      INTERNAL_PORT: '8081',
      AUTH_SERVER_URL: 'https://auth.example',
      REGISTRATION_URL: 'https://portal.example',
      CONSENT_URL: 'https://consent.example',
      SANDBOX_FHIR_BASE_URL: 'https://sandbox.example/fhir',
      PRODUCTION_FHIR_BASE_URL: 'https://api.example/fhir',
    };
    expect(() => loadConfig(all, strong)).not.toThrow();
    expect(() =>
      loadConfig(all, { ...strong, DATABASE_URL: 'postgres://consent@db.example/consent' }),
    ).not.toThrow();
    const refusal = (given: Record<string, string | undefined>) => {
      try {
        loadConfig(all, { ...strong, ...given });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const nothing = refusal(
      Object.fromEntries(
        Object.keys(strong)
          .slice(1)
          .map((name) => [name, undefined]),
      ),
    );
    for (const name of ['EVENTS_DATABASE_URL', ...Object.keys(strong).slice(1)])
      if (name !== 'EVENT_TRANSPORT') expect(nothing).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const DATABASE_URL of [
      'postgres://postgres:postgres@localhost:54329/x',
      'postgres://consent:postgres@db.example/consent',
      'postgresql://consent:consent@db.example/consent',
      'postgres://consent:short1@db.example/consent',
      'postgres://consent:aaaaaaaaaaaaaaaa@db.example/consent',
      'postgres://consent@db.example/consent?password=postgres',
      'mysql://consent:mWq7Yt3Rk0Zp5d@db.example/consent',
      'db.example',
    ]) {
      expect(refusal({ DATABASE_URL })).toContain('DATABASE_URL');
      expect(refusal({ DATABASE_URL })).not.toContain(DATABASE_URL);
    }
    for (const [name, value] of Object.entries(strong).filter(([, value]) => value.startsWith('https:')))
      expect(refusal({ [name]: value.replace('https', 'http') })).toMatch(new RegExp(`${name} is "http:`));
  });

  it('listens on loopback unless told otherwise', () => {
    expect(loadConfig(commonVariables, {}).HOST).toBe('127.0.0.1');
  });

  it('takes proxies by address or range, and no names: whose they are would be for DNS to say', () => {
    expect(loadConfig(commonVariables, { TRUSTED_PROXIES: '10.0.0.0/8, ::1' }).TRUSTED_PROXIES).toEqual([
      '10.0.0.0/8',
      '::1',
    ]);
    expect(() => loadConfig(commonVariables, { TRUSTED_PROXIES: '10.0.0.1,ingress' })).toThrow(
      /TRUSTED_PROXIES is "10.0.0.1,ingress": must be IP addresses or CIDR ranges/,
    );
  });

  it('takes addresses with or without a trailing slash, and nothing but http(s) URLs', () => {
    const config = loadConfig(addressVariables, { AUTH_SERVER_URL: 'https://auth.plan.example/' });
    expect(addressesFrom(config).production.issuer).toBe('https://auth.plan.example/production');
    for (const CONSENT_URL of ['consent.plan.example', 'ftp://consent.plan.example'])
      expect(() => loadConfig(addressVariables, { CONSENT_URL })).toThrow(
        /must be an absolute http\(s\) URL/,
      );
  });
});

describe('secrets', () => {
  it('a sealed text opens only under its own key and context, and unaltered', () => {
    const sealer = new Sealer('the key of this test');
    const sealed = sealer.seal('private', 'key-1');
    expect(sealed).not.toContain('private');
    expect(sealer.seal('private', 'key-1')).not.toBe(sealed);
    expect(sealer.open(sealed, 'key-1')).toBe('private');
    const altered = (sealed.startsWith('A') ? 'B' : 'A') + sealed.slice(1);
    for (const open of [
      () => sealer.open(sealed, 'key-2'),
      () => sealer.open(altered, 'key-1'),
      () => new Sealer('another key').open(sealed, 'key-1'),
    ])
      expect(open).toThrow(/KEY_ENCRYPTION_KEY/);
  });

  it('a password matches its hash only; an unknown name costs a verification too', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).toMatch(/^\$argon2id\$/);
    expect(await passwordMatches(hash, 'correct horse')).toBe(true);
    expect(await passwordMatches(hash, 'correct horse ')).toBe(false);
    expect(await passwordMatches(undefined, 'nobody has this password')).toBe(false);
  });
});

describe('small stores', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  const migrations = [
    CreateSigningKeys1764000000001,
    CreateUsedMessages1764000000002,
    CreateSessions1764000000003,
    CreateAppModel1764000000004,
  ];
  let url: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    url = await postgres.database('service');
    const done = await Promise.all([1, 2, 3].map(() => migrate({ url, migrations })));
    expect(done.flat()).toHaveLength(migrations.length);
    source = await new DataSource({ type: 'postgres', url }).initialize();
  }, 60_000);

  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });

  it('replicas that start together use one signing key; its private part is stored sealed', async () => {
    const sealer = new Sealer('the key of this test');
    const [one, two] = await Promise.all([1, 2].map(() => signingKeys(source, sealer, 'sandbox')));
    expect(one?.map((key) => key.kid)).toEqual(two?.map((key) => key.kid));
    expect(one).toHaveLength(1);
    expect(Object.keys(one?.[0]?.publicJwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect((await signingKeys(source, sealer, 'production'))[0]?.kid).not.toBe(one?.[0]?.kid);
    expect(JSON.stringify(await source.query('SELECT * FROM signing_key'))).not.toContain(
      String(one?.[0]?.privateJwk.d),
    );
    await expect(signingKeys(source, new Sealer('another'), 'sandbox')).rejects.toThrow(/KEY_ENCRYPTION_KEY/);
  });

  it("an app's state is taken when it is newer, not twice and not late, whichever kind of event tells it", async () => {
    const told = (version: number, status: AppState['status'] = 'active') =>
      applyAppState(source, {
        client_id: 'app1',
        version,
        client_name: 'Health',
        organization: 'Apps Inc',
        redirect_uris: [],
        plan: null,
        status,
        environments: [],
        require_pkce: false,
        secrets: [],
        tokens_valid_from: null,
      });
    expect(await told(2)).toBe(true);
    expect(await told(4, 'suspended')).toBe(true);
    for (const late of [4, 3, 2, 1]) expect(await told(late)).toBe(false);
    expect(await findApp(source, 'app1')).toMatchObject({ version: 4, status: 'suspended' });
  });

  it('a database that is away takes no writes, nor does one that has become a standby', async () => {
    expect(await databaseTakesWrites(url)).toBe(true);
    expect(await databaseTakesWrites(url.replace(/:\d+\//, ':1/'))).toBe(false);
    expect(await databaseTakesWrites(`${url}-that-is-not-there`)).toBe(false);
    await source.query('ALTER DATABASE service SET default_transaction_read_only = on');
    expect(await databaseTakesWrites(url)).toBe(false);
    await source.query('ALTER DATABASE service SET default_transaction_read_only = off');
  });

  it('a signed message is used once, however many come at the same time', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 60;
    const used = await Promise.all([1, 2, 3, 4].map(() => useMessageOnce(source, 'jti-1', expiry)));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await useMessageOnce(source, 'jti-2', expiry)).toBe(true);
  });

  it('a session is found by its token until it ends; the database holds no token', async () => {
    const sessions = new Sessions<{ name: string }>(source, 60);
    const token = await sessions.create('dev-1', { name: 'Ada' });
    expect(await sessions.find(token)).toEqual({ subject: 'dev-1', data: { name: 'Ada' } });
    expect(JSON.stringify(await source.query('SELECT * FROM session'))).not.toContain(token);
    const expired = await new Sessions(source, -1).create('dev-2', {});
    for (const other of [undefined, '', `${token}x`, expired])
      expect(await sessions.find(other)).toBeUndefined();
    await sessions.end(token);
    expect(await sessions.find(token)).toBeUndefined();
  });
});

/** A transport without events; the test calls its handlers. */
class Consumer extends Server {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  override on(): void {}
  override unwrap<T>(): T {
    return undefined as T;
  }
}

describe('a running service', () => {
  let broken = false;
  let release = () => {};
  let started: () => void = () => {};

  @Controller()
  class Things {
    @Post('things')
    create() {
      return parseBody(z.object({ name: z.string().min(1, 'must not be empty') }), { name: '' });
    }
    @Get('taken')
    taken() {
      throw new Problem(409, 'name_taken', 'Choose another name.');
    }
    @Get('broken')
    broken() {
      throw new Error('postgres://user:password@host');
    }
    @Post('members/:id')
    look(@Param('id') id: string) {
      new Logger('members').warn({ msg: 'looked at', length: id.length });
      return { traceparent: currentTraceparent(), request_id: currentRequestId() };
    }
    @Get('caller')
    caller(@Ip() address: string) {
      return { address };
    }
    @EventPattern('heartbeat')
    async onHeartbeat(_event: unknown) {
      throw new Problem(409, 'refused', 'the database refuses it');
    }
    @Get('slow')
    async slow() {
      await new Promise<void>((resolve) => {
        release = resolve;
        started();
      });
      return { done: true };
    }
  }

  const thing = {
    name: 'thing',
    check: () => {
      if (broken) throw new Error('the thing is away');
    },
  };

  @Module({
    imports: [TerminusModule],
    controllers: [HealthController, Things],
    providers: [
      { provide: ReadinessChecks, useValue: new ReadinessChecks([thing]) },
      { provide: APP_FILTER, useClass: ProblemFilter },
    ],
  })
  class Root {}

  let service: RunningService;
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('test', 'info', { write: (line: string) => lines.push(JSON.parse(line)) });
  const start = (drain = 0, trustedProxies: string[] = [], consumer?: Consumer) =>
    startService({
      trustedProxies,
      consumer,
      name: 'test',
      module: Root,
      host: '127.0.0.1',
      port: 0,
      logger,
      drain,
      configure: (app) =>
        refuseForeignOrigins(
          app.getHttpAdapter().getInstance(),
          'http://own.example',
          (path) => path !== '/open',
        ),
    });
  beforeAll(async () => {
    service = await start();
  });
  afterAll(async () => {
    await service?.close();
  });

  const problem = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${service.url}${path}`, init);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      body: (await response.json()) as { code?: string; detail?: string; errors?: unknown[] },
    };
  };

  it('logs the type, message and stack of an error, and no other member, which may hold what somebody sent', () => {
    const error = Object.assign(new TypeError('failed'), { query: 'SELECT', parameters: ['a-members-name'] });
    logger.error({ err: error }, 'a statement failed');
    const line = lines.at(-1);
    expect(line).toMatchObject({ msg: 'a statement failed', err: { type: 'TypeError', message: 'failed' } });
    expect(JSON.stringify(line)).not.toContain('a-members-name');
  });

  it('answers errors as problem details; what was unexpected is not told', async () => {
    expect(await problem('/things', { method: 'POST' })).toMatchObject({
      status: 400,
      type: expect.stringContaining('application/problem+json'),
      body: { code: 'invalid_request', errors: [{ field: 'name', message: 'must not be empty' }] },
    });
    expect(await problem('/taken')).toMatchObject({ status: 409, body: { code: 'name_taken' } });
    const unexpected = await problem('/broken', { headers: { 'x-request-id': 'request-0001' } });
    expect(unexpected).toMatchObject({ status: 500, body: { code: 'internal_error' } });
    expect(unexpected.body.detail).toContain('request-0001');
    expect(JSON.stringify(unexpected.body)).not.toContain('password');
  });

  it("refuses what another site's page sends, and only that", async () => {
    const post = (origin?: string) =>
      problem('/things', { method: 'POST', headers: origin ? { origin } : {} }).then(
        (answer) => answer.status,
      );
    expect(await post('https://evil.example')).toBe(403);
    expect(await post('null')).toBe(403);
    expect(await post('http://own.example')).toBe(400);
    expect(await post()).toBe(400);
    expect((await problem('/taken', { headers: { origin: 'https://evil.example' } })).status).toBe(409);
  });

  it('believes X-Forwarded-For of a trusted proxy, as far as that has seen it, and of nobody else', async () => {
    const behind = await start(0, ['127.0.0.0/8', '10.0.0.0/8']);
    const callerOf = async (url: string, forwarded: string) => {
      const answer = await fetch(`${url}/caller`, { headers: { 'x-forwarded-for': forwarded } });
      return ((await answer.json()) as { address: string }).address;
    };
    try {
      expect(await callerOf(behind.url, '203.0.113.7')).toBe('203.0.113.7');
      // The client may have written the first entry itself; the trusted proxy added the last.
      expect(await callerOf(behind.url, '198.51.100.1, 203.0.113.7, 10.1.1.1')).toBe('203.0.113.7');
      expect(await callerOf(service.url, '203.0.113.7')).toBe('127.0.0.1');
    } finally {
      await behind.close();
    }
  });

  it('is alive while something it needs is away, but not ready, and says why; counts what it answers', async () => {
    expect((await problem('/health/ready')).status).toBe(200);
    broken = true;
    const answer = await problem('/health/ready');
    expect(answer.status).toBe(503);
    expect(JSON.stringify(answer.body)).toContain('the thing is away');
    expect((await problem('/health/live')).status).toBe(200);
    broken = false;
    expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(
      /http_request_duration_seconds_count\{service="test",method="GET",route="\/health\/ready",status_class="5xx"\} 1/,
    );
  });

  it('a request is told by its template, never by its path; what runs in it knows its request and its trace', async () => {
    const trace_id = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`${service.url}/members/member-7?name=Everywoman`, {
      method: 'POST',
      headers: {
        traceparent: `00-${trace_id}-b7ad6b7169203331-01`,
        'x-request-id': 'request-0002',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ password: 'Tr0ub4dor' }),
    });
    expect(response.headers.get('x-request-id')).toBe('request-0002');
    expect(await response.json()).toEqual({
      traceparent: expect.stringContaining(trace_id),
      request_id: 'request-0002',
    });
    const mine = lines.filter(({ request_id }) => request_id === 'request-0002');
    expect(mine).toEqual([
      expect.objectContaining({ msg: 'looked at', length: 8, trace_id }),
      expect.objectContaining({
        msg: 'request',
        method: 'POST',
        route: '/members/{id}',
        status: 201,
        trace_id,
      }),
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/member-7|Everywoman|Tr0ub4dor/);

    const fresh = await Promise.all(
      ['malformed', undefined].map(async (traceparent) => {
        const headers: Record<string, string> = traceparent ? { traceparent } : {};
        const answer = await fetch(`${service.url}/members/1`, { method: 'POST', headers });
        return ((await answer.json()) as { traceparent: string }).traceparent;
      }),
    );
    expect(new Set(fresh).size).toBe(2);
    for (const traceparent of fresh) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  it('what a handler of events throws reaches who delivers them as it was, whatever filters answer requests', async () => {
    const consumer = new Consumer();
    const consuming = await start(0, [], consumer);
    const reasons: string[] = [];
    const delivery = new Delivery({
      consumer: 'test',
      handlerOf: (topic) => consumer.getHandlers().get(topic) ?? null,
      publicKeys: publicKeysOf({}),
      keepDeadLetter: async ({ error }) => reasons.push(error) > 0,
      canApply: async () => true,
      logger: { log() {}, warn() {}, error() {} },
      attempts: 1,
    });
    const beat = { id: 'consent', version: 1, at: new Date().toISOString() };
    const event = localSigner(cloudEvent('heartbeat', beat, { id: '1', time: new Date() }));
    await delivery.deliver('heartbeat', 'consent', event, '0');
    expect(reasons).toEqual(['the database refuses it']);
    await consuming.close();
  });

  it('closing: not ready at once, still serving while balancers notice, and what is under way is finished', async () => {
    const rolled = await start(1500);
    const underWay = new Promise<void>((resolve) => (started = resolve));
    const slow = fetch(`${rolled.url}/slow`);
    await underWay;
    const closed = rolled.close();
    expect((await fetch(`${rolled.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${rolled.url}/taken`)).status).toBe(409);
    // The port closes while a request is still running.
    await eventually(() =>
      fetch(`${rolled.url}/health/live`).then(
        () => false,
        () => true,
      ),
    );
    release();
    expect(await (await slow).json()).toEqual({ done: true });
    await closed;
    await expect(fetch(`${rolled.url}/health/live`)).rejects.toThrow();
  });
});
