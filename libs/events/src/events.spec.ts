import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { CloudEvent, EventData } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import {
  addToOutbox,
  CreateOutbox1764000000000,
  createConsumer,
  createPublisher,
  OutboxRelay,
  PostgresEventLog,
  whenRelayed,
} from './index.js';

const silent = { log() {}, warn() {}, error() {} };

function revocation(id: string, version = 1): EventData<'token-revoked'> {
  return {
    id,
    version,
    environment: 'sandbox',
    client_id: 'app1',
    jti: id,
    grant_id: null,
    issued_before: null,
    expires_at: '2030-01-01T00:00:00.000Z',
    reason: 'app',
    ends_grant: false,
  };
}

const seen: Record<string, string[]> = {};
let failing = 0;

@Controller()
class Handlers {
  @EventPattern('token-revoked')
  onTokenRevoked(@Payload() event: CloudEvent<'token-revoked'>): void {
    if (failing-- > 0) throw new Error('the database is away');
    (seen[event.data.client_id] ??= []).push(event.subject);
  }
}

@Module({ controllers: [Handlers] })
class HandlersModule {}

describe('events over PostgreSQL', () => {
  let postgres: TestPostgres;
  let service: DataSource;
  let eventsUrl: string;
  let serviceUrl: string;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    eventsUrl = await postgres.database('events');
    serviceUrl = await postgres.database('service');
    service = new DataSource({ type: 'postgres', url: serviceUrl, migrations: [CreateOutbox1764000000000] });
    await service.initialize();
    await service.runMigrations();
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
    await service.destroy();
    await postgres.stop();
  });

  const config = () => ({ EVENT_TRANSPORT: 'postgres' as const, EVENTS_DATABASE_URL: eventsUrl });

  async function consume(consumer: string, mode: 'group' | 'replica') {
    const strategy = await createConsumer(config(), { consumer, mode });
    const app = await NestFactory.createMicroservice(HandlersModule, { strategy, logger: false });
    await app.listen();
    closing.push(() => app.close());
    return { strategy, close: () => app.close() };
  }

  async function relay() {
    const publisher = await createPublisher(config());
    const outbox = new OutboxRelay(serviceUrl, publisher, silent);
    outbox.start();
    closing.push(async () => {
      await outbox.stop();
      await publisher.close();
    });
    return outbox;
  }

  it('an event of a transaction that is rolled back is never sent; one that is committed is', async () => {
    await relay();
    const { close } = await consume('first', 'replica');
    await service
      .transaction(async (manager) => {
        await addToOutbox(manager, 'token-revoked', { ...revocation('never'), client_id: 'a' });
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    const sent = await service.transaction((manager) =>
      addToOutbox(manager, 'token-revoked', { ...revocation('sent'), client_id: 'a' }),
    );
    expect(await whenRelayed(service, [sent])).toBe(true);
    await eventually(() => seen.a?.includes('sent'));
    expect(seen.a).toEqual(['sent']);
    await close();
  });

  it('a consumer that starts applies all there was before it is caught up, and a failing handler is tried again', async () => {
    const events = await service.transaction(async (manager) => {
      const all = [];
      for (let i = 0; i < 1200; i++)
        all.push(await addToOutbox(manager, 'token-revoked', { ...revocation(`t${i}`), client_id: 'b' }));
      return all;
    });
    expect(await whenRelayed(service, events, 10_000)).toBe(true);
    seen.b = [];
    failing = 2;
    const { strategy, close } = await consume('late', 'group');
    await eventually(() => strategy.isCaughtUp);
    expect(seen.b).toEqual(events.map((event) => event.subject));
    await close();

    await relay();
    const more = await addToOutbox(service, 'token-revoked', { ...revocation('while-down'), client_id: 'b' });
    await whenRelayed(service, [more]);
    seen.b = [];
    const again = await consume('late', 'group');
    await eventually(() => again.strategy.isCaughtUp);
    expect(seen.b).toEqual(['while-down']);
  });

  it('what cannot be parsed is kept as a dead letter and does not hold up what follows', async () => {
    const log = new PostgresEventLog(eventsUrl);
    closing.push(() => log.close());
    const { strategy } = await consume('strict', 'group');
    await eventually(() => strategy.isCaughtUp);
    const broken = await addToOutbox(service, 'token-revoked', { ...revocation('broken'), client_id: 'c' });
    await whenRelayed(service, [broken]);
    await log.append([{ ...broken, id: 'not-an-event', data: { id: 7 } as never }]);
    const next = await addToOutbox(service, 'token-revoked', { ...revocation('next'), client_id: 'c' });
    await whenRelayed(service, [next]);
    expect(await strategy.settle(5000)).toBe(true);
    expect(seen.c).toContain('next');
    const pool = new Pool({ connectionString: eventsUrl });
    const { rows } = await pool.query(
      "SELECT event->>'id' AS id, error FROM dead_letter WHERE consumer = 'strict'",
    );
    await pool.end();
    expect(rows).toEqual([
      { id: 'not-an-event', error: expect.stringContaining('not a valid token-revoked') },
    ]);
  });

  it('two relays and an interrupted one send every event, once each in the log', async () => {
    const second = await relay();
    const third = await relay();
    const writes = Array.from({ length: 20 }, (_, i) =>
      addToOutbox(service, 'token-revoked', { ...revocation(`d${i}`), client_id: 'd' }),
    );
    await Promise.all([second.stop(), third.stop(), ...writes]);
    const log = new PostgresEventLog(eventsUrl);
    closing.push(() => log.close());
    expect(await whenRelayed(service, await Promise.all(writes), 5000)).toBe(true);
    const rows = await log.read(log.pool, 0n, await log.head(), ['token-revoked'], 10_000);
    const ids = rows
      .map((row) => (row.event as CloudEvent<'token-revoked'>).data)
      .filter((d) => d.client_id === 'd');
    expect(ids.map((data) => data.id).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `d${i}`).sort());
  });

  it('compaction keeps the newest event of each key and never what a group has yet to read', async () => {
    const log = new PostgresEventLog(eventsUrl);
    closing.push(() => log.close());
    for (const version of [1, 2, 3])
      await whenRelayed(service, [
        await addToOutbox(service, 'token-revoked', { ...revocation('same', version), client_id: 'e' }),
      ]);
    const versions = async () =>
      (await log.read(log.pool, 0n, await log.head(), ['token-revoked'], 10_000))
        .map((row) => (row.event as CloudEvent<'token-revoked'>).data)
        .filter((data) => data.id === 'same')
        .map((data) => data.version);
    await log.pool.query("INSERT INTO consumer_group VALUES ('asleep', 0)");
    await log.compact(0);
    expect(await versions()).toEqual([1, 2, 3]);
    await log.pool.query("DELETE FROM consumer_group WHERE name = 'asleep'");
    await eventually(async () => {
      await log.compact(0);
      return (await versions()).length === 1;
    });
    expect(await versions()).toEqual([3]);
  });
});
