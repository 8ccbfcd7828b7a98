import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { cloudEvent, type CloudEvent, type EventData } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import {
  addAllToOutbox,
  AddRecovery1764260000000,
  addToOutbox,
  AppliedPositions,
  CreateFactFeed1764200000000,
  eventMetrics,
  CreateOutbox1764000000000,
  createConsumer,
  createPublisher,
  HandlerErrors,
  localSigner,
  openDeadLetters,
  OutboxRelay,
  publicKeysOf,
  wakeRelays,
  whenRelayed,
  type EventSigner,
  type Recent,
  type TransportConfig,
} from './index.js';
import { untrustedEventsSuite } from './signatures/untrusted.suite.js';

export const silent = { log() {}, warn() {}, error() {} };

export function revocation(id: string, test = 'any', version = 1): EventData<'token-revoked'> {
  return {
    id,
    version,
    environment: 'sandbox',
    client_id: test,
    jti: id,
    grant_id: null,
    issued_before: null,
    expires_at: '2030-01-01T00:00:00.000Z',
    reason: 'app',
    ends_grant: false,
  };
}

/** An event of {@link revocation} with the current time. */
export const revocationEvent = (id: string, test?: string, version?: number) =>
  cloudEvent('token-revoked', revocation(id, test, version), { id: randomUUID(), time: new Date() });

/** Subjects that the handlers received, in order, by test. */
export const seen: Record<string, string[]> = {};
/** Versions that the handlers received, in order, by test. */
export const versions: Record<string, number[]> = {};
const failures: Record<string, number> = {};
/** Milliseconds that a handler takes, by test. */
export const pauses: Record<string, number> = {};

@Controller()
class Handlers {
  @EventPattern('token-revoked')
  async onTokenRevoked(@Payload() event: CloudEvent<'token-revoked'>): Promise<void> {
    const { client_id: test } = event.data;
    if (pauses[test]) await new Promise((resolve) => setTimeout(resolve, pauses[test]));
    if ((failures[test] ?? 0) > 0) {
      failures[test]! -= 1;
      throw new Error('the database is away');
    }
    (seen[test] ??= []).push(event.subject);
    (versions[test] ??= []).push(event.data.version);
  }
}

@Module({ controllers: [Handlers] })
class HandlersModule {}

@Controller()
class NewHandlers {
  @EventPattern('heartbeat')
  onHeartbeat(@Payload() event: CloudEvent<'heartbeat'>): void {
    (seen.heartbeat ??= []).push(event.id);
  }
}

/** The next version of the service: it handles one more topic. */
@Module({ controllers: [Handlers, NewHandlers] })
class NextVersionModule {}

/** A service with an outbox, on one of the transports. */
export class EventBench {
  postgres: TestPostgres;
  service: DataSource;
  serviceUrl: string;
  config: TransportConfig;
  private readonly closing: (() => Promise<unknown>)[] = [];

  async start(configure: (postgres: TestPostgres) => Promise<TransportConfig>): Promise<void> {
    this.postgres = await startTestPostgres();
    this.serviceUrl = await this.postgres.database('service');
    this.config = await configure(this.postgres);
    this.service = new DataSource({
      type: 'postgres',
      url: this.serviceUrl,
      migrations: [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000],
    });
    await this.service.initialize();
    await this.service.runMigrations();
  }

  async stop(): Promise<void> {
    for (const close of this.closing.reverse()) await close();
    await this.service?.destroy();
    await this.postgres?.stop();
  }

  atEnd(close: () => Promise<unknown>): void {
    this.closing.push(close);
  }

  async consume(
    consumer: string,
    mode: 'group' | 'replica',
    {
      version = 'this',
      recent,
      applied,
    }: { version?: 'this' | 'next'; recent?: Recent; applied?: AppliedPositions } = {},
  ) {
    const canApply = () => Promise.resolve(true);
    const strategy = await createConsumer(this.config, {
      consumer,
      publicKeys: publicKeysOf({}),
      mode,
      canApply,
      recent,
      applied,
    });
    const module = version === 'this' ? HandlersModule : NextVersionModule;
    const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
    app.useGlobalFilters(new HandlerErrors());
    await app.listen();
    let isOpen = true;
    const close = async () => {
      if (isOpen) await app.close();
      isOpen = false;
    };
    this.atEnd(close);
    return { strategy, close };
  }

  async relay() {
    const publisher = await createPublisher(this.config, localSigner);
    const outbox = new OutboxRelay(this.serviceUrl, publisher, silent);
    outbox.start();
    this.atEnd(async () => {
      await outbox.stop();
      await publisher.close();
    });
    return outbox;
  }

  /** Publishes events to the transport directly, bypassing the outbox. */
  publish(...events: CloudEvent[]): Promise<void> {
    return this.publishAs(localSigner, ...events);
  }

  async publishAs(sign: EventSigner, ...events: CloudEvent[]): Promise<void> {
    const publisher = await createPublisher(this.config, sign);
    await publisher.publishEvents(events);
    await publisher.close();
  }

  /** Writes one event per id in one transaction and waits until the relay has published them. */
  async tell(test: string, ids: readonly string[]): Promise<CloudEvent[]> {
    const events = await this.service.transaction((manager) =>
      addAllToOutbox(
        manager,
        'token-revoked',
        ids.map((id) => revocation(id, test)),
      ),
    );
    expect(await whenRelayed(this.service, events, 20_000)).toBe(true);
    return events;
  }
}

/** The behaviour that every transport must have. */
export function eventTransportSuite(configure: (postgres: TestPostgres) => Promise<TransportConfig>): void {
  const bench = new EventBench();
  const limit = 30_000;
  const eventuallyTrue = (what: () => boolean | undefined) => eventually(what, { timeout: limit });
  const main = fileURLToPath(new URL('../dist/dead-letters.main.js', import.meta.url));
  /** Runs `npm run dead-letters -- …` as an operator does. */
  const command = (args: string[], elsewhere: Partial<TransportConfig> = {}) =>
    new Promise<{ code: number; output: string; errors: string }>((resolve) => {
      const variables = Object.entries({ ...process.env, ...bench.config, ...elsewhere });
      const env = Object.fromEntries(variables.map(([name, value]) => [name, String(value)]));
      execFile(process.execPath, [main, ...args], { env }, (error, output, errors) =>
        resolve({ code: Number(error?.code ?? 0), output, errors }),
      );
    });
  // Kafka keeps order only within a key.
  const sorted = (ids: readonly string[] | undefined) => [...(ids ?? [])].sort();

  beforeAll(async () => {
    await bench.start(configure);
    await bench.relay();
  }, 60_000);
  afterAll(() => bench.stop(), 60_000);

  it(
    'an event of a transaction that is rolled back is never sent; one that is committed is',
    async () => {
      const { strategy, close } = await bench.consume('first', 'replica');
      await bench.service
        .transaction(async (manager) => {
          await addToOutbox(manager, 'token-revoked', revocation('never', 'a'));
          throw new Error('changed my mind');
        })
        .catch(() => undefined);
      await bench.tell('a', ['sent']);
      await eventuallyTrue(() => seen.a?.includes('sent') && strategy.isCaughtUp);
      expect(seen.a).toEqual(['sent']);
      await close();
    },
    limit,
  );

  it(
    'a consumer that starts applies all there was before it is caught up, a failing handler is tried again, and what came while it was down follows',
    async () => {
      const ids = Array.from({ length: 1200 }, (_, i) => `b${i}`);
      await bench.tell('b', ids);
      seen.b = [];
      failures.b = 2;
      const { strategy, close } = await bench.consume('late', 'group');
      expect(strategy.isCaughtUp).toBe(false);
      await eventuallyTrue(() => strategy.isCaughtUp);
      expect(sorted(seen.b)).toEqual(sorted(ids));
      await close();

      await bench.tell('b', ['while-down']);
      seen.b = [];
      const again = await bench.consume('late', 'group');
      await eventuallyTrue(() => again.strategy.isCaughtUp);
      expect(seen.b).toEqual(['while-down']);
      await again.close();
    },
    2 * limit,
  );

  it(
    'replicas of a group share the events, replicas that hold their model in memory read all of them, and both know when they have caught up',
    async () => {
      const consumers = await Promise.all([
        bench.consume('shared', 'group'),
        bench.consume('shared', 'group'),
        bench.consume('memory', 'replica'),
        bench.consume('memory', 'replica'),
      ]);
      await eventuallyTrue(() => consumers.every(({ strategy }) => strategy.isCaughtUp));
      seen.c = [];
      const ids = Array.from({ length: 30 }, (_, i) => `c${i}`);
      await bench.tell('c', ids);
      expect(await Promise.all(consumers.map(({ strategy }) => strategy.waitUntilCaughtUp(limit)))).toEqual(
        consumers.map(() => true),
      );
      const deliveries = ids.map((id) => seen.c!.filter((other) => other === id).length);
      // Once for the group, once for each of the two replicas.
      expect(deliveries).toEqual(ids.map(() => 3));
      await Promise.all(consumers.map(({ close }) => close()));
    },
    2 * limit,
  );

  it(
    'a group whose position lies ahead of its database, which was restored, is set back: at its start and while it runs',
    async () => {
      const applied = () => new AppliedPositions(bench.serviceUrl, 'restored');
      const ahead = async () => {
        const { values } = await eventMetrics.offsetsAhead.get();
        return values.find(({ labels }) => labels.consumer === 'restored')?.value ?? 0;
      };
      /** Copies the applied positions, as a backup of the database would. */
      const backUp = () => bench.service.query('CREATE TABLE backup AS SELECT * FROM applied_position');
      const restore = () =>
        bench.service.query(`
          WITH gone AS (DELETE FROM applied_position WHERE source NOT IN (SELECT source FROM backup))
          UPDATE applied_position SET position = backup.position FROM backup WHERE backup.source = applied_position.source`);
      const first = await bench.consume('restored', 'group', { applied: applied() });
      await eventuallyTrue(() => first.strategy.isCaughtUp);
      await bench.tell('restored', ['kept']);
      await eventuallyTrue(() => seen.restored?.includes('kept'));
      await first.strategy.waitUntilCaughtUp(limit);
      await eventually(async () => (await bench.service.query('SELECT 1 FROM applied_position')).length > 0);
      await first.close();
      await backUp();

      const second = await bench.consume('restored', 'group', { applied: applied() });
      await bench.tell('restored', ['lost']);
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      await second.close();
      expect(await ahead()).toBe(0);
      await restore();
      seen.restored = [];
      const third = await bench.consume('restored', 'group', { applied: applied() });
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      expect(seen.restored).not.toContain('kept');
      expect(await ahead()).toBe(1);
      await eventuallyTrue(() => third.strategy.isCaughtUp);

      await new Promise((resolve) => setTimeout(resolve, 500));
      await restore();
      seen.restored = [];
      await eventuallyTrue(() => seen.restored?.includes('lost'));
      expect(await ahead()).toBe(2);
      await third.close();
    },
    3 * limit,
  );

  it(
    'what cannot be parsed is kept as a dead letter, does not hold up what follows, and can be replayed or discarded',
    async () => {
      const { strategy, close } = await bench.consume('strict', 'group');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const event = revocationEvent('broken', 'd');
      await bench.publish({ ...event, id: randomUUID(), data: { id: 7 } as never });
      await bench.tell('d', ['next']);
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(seen.d).toContain('next');

      const deadLetters = await openDeadLetters(bench.config);
      const mine = async () => (await deadLetters.list()).filter(({ consumer }) => consumer === 'strict');
      const [letter, ...more] = await mine();
      expect(more).toEqual([]);
      expect(letter).toMatchObject({
        topic: 'token-revoked',
        error: expect.stringContaining('not a valid token-revoked'),
        event: { data: { id: 7 } },
      });
      expect(seen.d).not.toContain('broken');
      await deadLetters.replay(letter!);
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      const [again] = await mine();
      expect(again?.id).not.toBe(letter?.id);
      await deadLetters.replay({ ...again!, event: localSigner(event) });
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(seen.d).toContain('broken');
      await deadLetters.keep({ consumer: 'strict', topic: 'token-revoked', event: 'garbage', error: 'no' });
      const [garbage] = await mine();
      expect(garbage?.event).toBe('garbage');
      await deadLetters.discard(garbage!);
      expect(await mine()).toEqual([]);
      await deadLetters.close();
      await close();
    },
    2 * limit,
  );

  it(
    'the dead-letters command does what it is told or says what to do instead, and loses nothing',
    async () => {
      const { strategy, close } = await bench.consume('command', 'group');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const good = localSigner(revocationEvent('mended', 'k'));
      const deadLetters = await openDeadLetters(bench.config);
      const before = (await deadLetters.list()).map(({ id }) => id);
      const mine = async () => (await deadLetters.list()).filter(({ id }) => !before.includes(id));
      for (const event of [good, 'garbage'])
        await deadLetters.keep({ consumer: 'command', topic: 'token-revoked', event, error: 'why\nmore' });
      const [mended, garbage] = (await mine()).map(({ id }) => id) as [string, string];
      const [listed, shown, refused] = await Promise.all([
        command(['list']),
        command(['show', mended]),
        // One unknown id in the list: the command touches none of the letters.
        command(['replay', mended, 'nobody']),
      ]);
      expect(listed.output).toMatch(new RegExp(`^${mended}  \\S+Z  command  token-revoked  why$`, 'm'));
      expect(JSON.parse(shown.output)).toMatchObject({ event: good, error: 'why\nmore' });
      expect(refused).toMatchObject({ code: 2, errors: expect.stringContaining('letter nobody; "list"') });
      expect(await mine()).toHaveLength(2);

      expect(await command(['replay', mended, garbage])).toMatchObject({ code: 0, output: 'replay: 2\n' });
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(seen.k).toEqual(['mended']);
      // An event that still cannot be applied becomes a new dead letter.
      const [again, ...more] = await mine();
      expect(again).toMatchObject({ event: 'garbage', error: expect.stringContaining('not an event') });
      expect([again!.id === garbage, more]).toEqual([false, []]);
      await deadLetters.close();

      const nowhere = {
        EVENTS_DATABASE_URL: 'postgres://me:secret@localhost:1/events',
        KAFKA_BROKERS: 'localhost:1',
      };
      const [twice, help, tooMuch, away] = await Promise.all([
        command(['replay', mended]),
        command(['--help']),
        command(['discard', '--all']),
        command(['list'], nowhere),
      ]);
      expect([twice, help, tooMuch, away].map(({ code }) => code)).toEqual([2, 0, 2, 1]);
      expect(away.errors).toMatch(/list failed: .*ECONNREFUSED(.|\n)*(EVENTS_DATABASE_URL|KAFKA_BROKERS)/);
      expect(away.output + away.errors).not.toContain('secret');
      await close();
    },
    2 * limit,
  );

  it(
    'a topic that only the next version of a service handles is read by it whole, whatever the old version read meanwhile',
    async () => {
      const old = await bench.consume('rolled', 'group');
      await eventuallyTrue(() => old.strategy.isCaughtUp);
      const beat = cloudEvent(
        'heartbeat',
        { id: 'consent', version: Date.now(), at: new Date().toISOString() },
        { id: randomUUID(), time: new Date() },
      );
      await bench.publish(beat);
      await bench.tell('rolled', ['1', '2']);
      expect(await old.strategy.waitUntilCaughtUp(limit)).toBe(true);
      const next = await bench.consume('rolled', 'group', { version: 'next' });
      await eventuallyTrue(() => next.strategy.isCaughtUp);
      await bench.tell('rolled', ['3']);
      await old.close();
      await bench.tell('rolled', ['4']);
      // Different subjects, so any order.
      await eventuallyTrue(
        () =>
          ['1', '2', '3', '4'].every((id) => seen.rolled?.includes(id)) && seen.heartbeat?.includes(beat.id),
      );
      expect(sorted(seen.rolled)).toEqual(['1', '2', '3', '4']);
      await next.close();
    },
    2 * limit,
  );

  it(
    'who reads the log again puts the same event aside once, and not again when it was dealt with',
    async () => {
      const event = revocationEvent('bad', 'g');
      await bench.publish({ ...event, data: { id: 8 } as never });
      const deadLetters = await openDeadLetters(bench.config);
      const readAll = async () => {
        const { strategy, close } = await bench.consume('again', 'replica');
        expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
        await close();
        return (await deadLetters.list()).filter(
          ({ consumer, event: kept }) => consumer === 'again' && (kept as CloudEvent).subject === 'bad',
        );
      };
      expect(await readAll()).toHaveLength(1);
      const [letter] = await readAll();
      await deadLetters.discard(letter!);
      expect(await readAll()).toEqual([]);
      await deadLetters.close();
    },
    2 * limit,
  );

  it('an event that no transport could carry fails its transaction', async () => {
    const large = { ...revocation('large', 'h'), client_id: 'x'.repeat(300_000) };
    await expect(addToOutbox(bench.service, 'token-revoked', large)).rejects.toThrow(
      'larger than an event may be',
    );
  });

  it(
    'a consumer accepts data with fields it does not know yet',
    async () => {
      const { strategy, close } = await bench.consume('today', 'replica');
      const event = revocationEvent('newer', 'e');
      await bench.publish({
        ...event,
        data: { ...event.data, colour: 'blue' } as never,
        invented: true,
      } as never);
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(seen.e).toContain('newer');
      await close();
    },
    limit,
  );

  it(
    'a replica that needs only what is recent of a topic reads that, and all of the others',
    async () => {
      const publish = async (id: string) => {
        const time = new Date();
        const beat = cloudEvent(
          'heartbeat',
          { id, version: 1, at: time.toISOString() },
          { id: randomUUID(), time },
        );
        const revoked = cloudEvent('token-revoked', revocation(id, 'r'), { id: randomUUID(), time });
        await bench.publish(revoked, beat);
        return beat.id;
      };
      const oldBeat = await publish('old');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const since = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await publish('recent');
      const { strategy, close } = await bench.consume('recent', 'replica', {
        version: 'next',
        recent: {
          topics: ['token-revoked'],
          get seconds() {
            return (Date.now() - since) / 1000;
          },
        },
      });
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      await publish('new');
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(sorted(seen.r ?? [])).toEqual(['new', 'recent']);
      expect(seen.heartbeat).toContain(oldBeat);
      await close();
    },
    2 * limit,
  );

  it(
    'relays that lose their session at any moment, also between sending and deleting, send every event, and those of one thing in order',
    async () => {
      const { strategy, close } = await bench.consume('killed', 'replica');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const second = await bench.relay();
      const written: CloudEvent[] = [];
      for (let version = 1; version <= 150; version++) {
        written.push(await addToOutbox(bench.service, 'token-revoked', revocation('one', 'killed', version)));
        wakeRelays();
        if (version % 5 === 0)
          await bench.service.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outbox-relay'",
          );
      }
      expect(await whenRelayed(bench.service, written, limit)).toBe(true);
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect([...new Set(versions.killed)]).toEqual(written.map((_, index) => index + 1));
      await second.stop();
      await close();
    },
    2 * limit,
  );

  it(
    'several relays, stopped in the middle, send every event',
    async () => {
      const { strategy, close } = await bench.consume('all', 'replica');
      await eventuallyTrue(() => strategy.isCaughtUp);
      const [second, third] = [await bench.relay(), await bench.relay()];
      const ids = Array.from({ length: 40 }, (_, i) => `f${i}`);
      const writes = ids.map((id) => addToOutbox(bench.service, 'token-revoked', revocation(id, 'f')));
      await Promise.all([second.stop(), third.stop(), ...writes]);
      expect(await whenRelayed(bench.service, await Promise.all(writes), limit)).toBe(true);
      expect(await strategy.waitUntilCaughtUp(limit)).toBe(true);
      expect(sorted([...new Set(seen.f)])).toEqual(sorted(ids));
      await close();
    },
    2 * limit,
  );

  // This suite runs last: consumers that read from the beginning would also put its events aside.
  untrustedEventsSuite(bench);
}
