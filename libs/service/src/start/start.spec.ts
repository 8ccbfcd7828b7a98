import { request as send } from 'node:http';
import { Controller, Get, Ip, Logger, Module, Param, Post } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventPattern, Server } from '@nestjs/microservices';
import { TerminusModule } from '@nestjs/terminus';
import { currentTraceparent, Delivery, localSigner, publicKeysOf } from '@payer/events';
import { cloudEvent } from '@payer/smart';
import { eventually } from '@payer/testing';
import { z } from 'zod';
import { Lifecycle } from '../definition/lifecycle.js';
import { HealthController, ReadinessChecks } from '../health/health.js';
import { parseBody, Problem, ProblemFilter } from '../http/problem.js';
import { refuseForeignOrigins } from '../http/same-origin.js';
import { currentRequestId } from '../tracing/request-context.js';
import { createLogger } from './logger.js';
import { startService, type RunningService } from './start.js';

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

  it('answers errors as problem details; an unexpected error reveals nothing', async () => {
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

  it.each([
    ['/open', 404],
    ['/taken', 403],
    ['http://own.example/open', 404],
    ['HTTP://OWN.EXAMPLE/taken', 403],
    ['http://somebody@own.example/open', 400],
    ['ftp://own.example/open', 400],
  ])(
    'a check sees the path that the router sees, however the target is written: %s',
    async (path, status) => {
      const { hostname, port } = new URL(service.url);
      const headers = { origin: 'https://evil.example', 'content-length': 0 };
      const answered = await new Promise((resolve, reject) =>
        send({ hostname, port, method: 'POST', path, headers }, ({ statusCode }) => resolve(statusCode))
          .on('error', reject)
          .end(),
      );
      expect(answered).toBe(status);
    },
  );

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

  it('a request is logged by its route, never by its path; its handler knows its request id and its trace', async () => {
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

  it('a failed start stops the parts that had started, also when the port is taken', async () => {
    const running = new Set<string>();
    const part = (name: string, fails = false) => ({
      start: () => {
        if (fails) throw new Error('no password');
        running.add(name);
      },
      stop: () => void running.delete(name),
    });
    const startWith = (port: number, fails: boolean) => {
      const lifecycle = new Lifecycle();
      lifecycle.add(part('relay'), part('account', fails));
      const module = { module: class Parts {}, providers: [{ provide: Lifecycle, useValue: lifecycle }] };
      return startService({ name: 'test', module, host: '127.0.0.1', port, logger });
    };
    await expect(startWith(0, true)).rejects.toThrow('no password');
    expect([...running]).toEqual([]);
    await expect(startWith(Number(new URL(service.url).port), false)).rejects.toThrow('EADDRINUSE');
    expect([...running]).toEqual([]);
  });
});
