import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { cloudEvent, eventTypes } from '@payer/smart';
import { eventually } from '@payer/testing';
import { addToOutbox, localSigner, openDeadLetters, whenRelayed } from '../index.js';
import { EventBench, pauses, revocation, seen, versions } from '../testing/event-bench.js';
import { eventTransportSuite } from '../transport.suite.js';
import { topicConfiguration } from './topic-retention.js';

/** Needs Java and Maven, or Docker; CI sets KAFKA_TESTS=1. */
(process.env.KAFKA_TESTS === '1' ? describe : describe.skip)('events over Kafka', () => {
  let kafka: RunningKafka;
  let directory: string;
  const onKafka = () =>
    Promise.resolve({
      EVENT_TRANSPORT: 'kafka' as const,
      EVENTS_DATABASE_URL: 'postgres://nobody@localhost:1/unused',
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC_PREFIX: 'test.',
    });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'payer-kafka-'));
    kafka = await startKafka({ port: 0, dataDirectory: directory });
  }, 180_000);
  afterAll(async () => {
    await kafka?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  eventTransportSuite(onKafka);

  describe('with a look at the broker itself', () => {
    const bench = new EventBench();
    const topic = 'test.token-revoked';
    const within = { timeout: 30_000 };
    let admin: Admin;
    let producer: Producer;

    beforeAll(async () => {
      const client = new kafkajs.Kafka({ brokers: [kafka.brokers], logLevel: kafkajs.logLevel.NOTHING });
      admin = client.admin();
      producer = client.producer();
      await Promise.all([admin.connect(), producer.connect()]);
      await bench.start(onKafka);
      await bench.relay();
    });
    afterAll(async () => {
      await bench.stop();
      await Promise.all([admin?.disconnect(), producer?.disconnect()]);
    });

    const numbers = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`);

    it('topics are as the contracts want them', async () => {
      for (const type of eventTypes) {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: `test.${type}` }],
        });
        const entries = resources[0]!.configEntries.map(({ configName, configValue }) => [
          configName,
          configValue,
        ]);
        expect(Object.fromEntries(entries)).toMatchObject(topicConfiguration(type));
      }
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      expect(topics[0]!.partitions).toHaveLength(3);
    });

    it('what is no event of its topic goes aside as it came, also a megabyte or a depth that no JSON is written in, and holds up nothing', async () => {
      const { strategy, close } = await bench.consume('poison', 'group');
      const megabyte = JSON.stringify({ no: 'event', fill: '"'.repeat(500_000) });
      await producer.send({ topic, messages: [{ key: 'text', value: 'not { JSON' }] });
      await producer.send({ topic, messages: [{ key: 'large', value: megabyte }] });
      await producer.send({ topic, messages: [{ key: 'gone', value: null }] });
      const event = cloudEvent('token-revoked', revocation('poison', 'poison'), {
        id: randomUUID(),
        time: new Date(),
      });
      const beat = cloudEvent(
        'heartbeat',
        { id: 'consent', version: 1, at: new Date().toISOString() },
        { id: randomUUID(), time: new Date() },
      );
      const strange = [
        null,
        [],
        { ...event, type: 'invented-later' },
        beat,
        { ...event, data: { ...event.data, expires_at: 7 } },
      ];
      const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
      const values = [deep, ...strange.map((content) => JSON.stringify(content))];
      await producer.send({ topic, messages: values.map((value) => ({ key: 'strange', value })) });
      await bench.writeAndRelay('poison', ['after']);
      expect(await strategy.waitUntilCaughtUp(30_000)).toBe(true);
      expect(seen.poison).toContain('after');
      const deadLetters = await openDeadLetters(bench.config);
      const letters = (await deadLetters.list()).filter(({ consumer }) => consumer === 'poison');
      expect(letters.map(({ event }) => event)).toEqual(
        expect.arrayContaining(['not { JSON', JSON.parse(megabyte), deep, ...strange]),
      );
      await deadLetters.close();
      await close();
    });

    it('who lists dead letters under a mistyped prefix finds none, and makes no topics', async () => {
      const deadLetters = await openDeadLetters({ ...bench.config, KAFKA_TOPIC_PREFIX: 'tset.' });
      expect(await deadLetters.list()).toEqual([]);
      await deadLetters.close();
      expect((await admin.listTopics()).filter((name) => name.startsWith('tset.'))).toEqual([]);
    });

    it('an outbox with more than a broker takes at once is sent in parts, in order by key', async () => {
      const { strategy, close } = await bench.consume('bulky', 'replica');
      await eventually(() => strategy.isCaughtUp, within);
      const order = Array.from({ length: 60 }, (_, i) => i + 1);
      const events = order.map((version) => ({
        ...revocation('one-key', 'bulky', version),
        jti: '.'.repeat(50_000),
      }));
      await bench.service.transaction(async (manager) => {
        for (const event of events) await addToOutbox(manager, 'token-revoked', event);
      });
      const last = await addToOutbox(bench.service, 'token-revoked', revocation('last', 'bulky', 61));
      expect(await whenRelayed(bench.service, [last], 20_000)).toBe(true);
      expect(await strategy.waitUntilCaughtUp(20_000)).toBe(true);
      expect([...new Set(versions.bulky)].filter((version) => version <= 60)).toEqual(order);
      await close();
    });

    it('a member that joins in the middle of a batch costs no event', async () => {
      pauses.join = 20;
      const first = await bench.consume('joined', 'group');
      await eventually(() => first.strategy.isCaughtUp, within);
      const ids = numbers('join', 150);
      await bench.writeAndRelay('join', ids);
      const second = await bench.consume('joined', 'group');
      const third = await bench.consume('joined', 'group');
      expect(await first.strategy.waitUntilCaughtUp(40_000)).toBe(true);
      expect(await third.strategy.waitUntilCaughtUp(5_000)).toBe(true);
      expect(new Set(seen.join)).toEqual(new Set(ids));
      await Promise.all([first.close(), second.close(), third.close()]);
    });

    it('a member that dies before it has committed leaves its events to the next', async () => {
      pauses.stopped = 50;
      const first = await bench.consume('stopped', 'group');
      await eventually(() => first.strategy.isCaughtUp, within);
      const ids = numbers('stopped', 60);
      await bench.writeAndRelay('stopped', ids);
      await eventually(() => (seen.stopped ?? []).length > 3, within);
      await first.close();
      expect(seen.stopped!.length).toBeLessThan(60);
      const next = await bench.consume('stopped', 'group');
      expect(await next.strategy.waitUntilCaughtUp(30_000)).toBe(true);
      expect(new Set(seen.stopped)).toEqual(new Set(ids));
      await next.close();
    });

    it('what retention removed before it was read is passed over', async () => {
      const first = await bench.consume('slow', 'group');
      await eventually(() => first.strategy.isCaughtUp, within);
      await first.close();
      await bench.writeAndRelay('slow', numbers('removed', 20));
      const offsets = await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({
        topic,
        partitions: offsets.map(({ partition, high }) => ({ partition, offset: high })),
      });
      await bench.writeAndRelay('slow', ['kept']);
      for (const mode of ['group', 'replica'] as const) {
        seen.slow = [];
        const { strategy, close } = await bench.consume('slow', mode);
        expect(await strategy.waitUntilCaughtUp(30_000)).toBe(true);
        expect(new Set(seen.slow)).toEqual(new Set(['kept']));
        await close();
      }
    });

    it('stopped in order and started again, the broker has lost nothing and is found again', async () => {
      const consumers = [await bench.consume('restart', 'group'), await bench.consume('restart', 'replica')];
      await eventually(() => consumers.every(({ strategy }) => strategy.isCaughtUp), within);
      const { port, dataDirectory } = kafka;
      await kafka.stop();
      const event = await addToOutbox(bench.service, 'token-revoked', revocation('meanwhile', 'restart'));
      kafka = await startKafka({ port, dataDirectory });
      expect(await whenRelayed(bench.service, [event], 40_000)).toBe(true);
      for (const { strategy } of consumers)
        await eventually(() => strategy.waitUntilCaughtUp(5_000).catch(() => false), { timeout: 60_000 });
      expect(seen.restart!.filter((id) => id === 'meanwhile').length).toBeGreaterThanOrEqual(2);
      await Promise.all(consumers.map(({ close }) => close()));
    }, 150_000);

    it('frozen, then thawed, delays events and loses none; a catchingUp consumer says that it has not settled', async () => {
      const { strategy, close } = await bench.consume('frozen', 'replica');
      await eventually(() => strategy.isCaughtUp, within);
      await bench.writeAndRelay('frozen', ['before']);
      await kafka.kill('SIGSTOP');
      let event;
      try {
        // The signal takes effect when the operating system next schedules the broker's threads.
        await new Promise((resolve) => setTimeout(resolve, 500));
        event = await addToOutbox(bench.service, 'token-revoked', revocation('during', 'frozen'));
        expect(await whenRelayed(bench.service, [event], 1500)).toBe(false);
        expect(await strategy.waitUntilCaughtUp(500)).toBe(false);
      } finally {
        await kafka.kill('SIGCONT');
      }
      expect(await whenRelayed(bench.service, [event], 40_000)).toBe(true);
      await eventually(() => strategy.waitUntilCaughtUp(5000), { timeout: 40_000 });
      expect(seen.frozen).toContain('during');
      await close();
    }, 120_000);

    it('a log that was replaced is noticed and read from its beginning', async () => {
      const consumers = [await bench.consume('anew', 'group'), await bench.consume('anew', 'replica')];
      await bench.writeAndRelay('anew', numbers('old', 30));
      for (const { strategy } of consumers) expect(await strategy.waitUntilCaughtUp(30_000)).toBe(true);
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => {
        const names = await admin.listTopics();
        return !names.includes(topic);
      }, within);
      // A client outside the services creates the topic, so the log grows before the services look.
      await eventually(
        () =>
          admin
            .createTopics({
              topics: [{ topic, numPartitions: 3, replicationFactor: 1 }],
              waitForLeaders: true,
            })
            .then(
              () => true,
              () => true,
            ),
        within,
      );
      const messages = numbers('new', 9).map((id) => ({
        key: id,
        value: JSON.stringify(
          localSigner(
            cloudEvent('token-revoked', revocation(id, 'anew'), { id: randomUUID(), time: new Date() }),
          ),
        ),
      }));
      await eventually(
        () =>
          producer.send({ topic, messages }).then(
            () => true,
            () => false,
          ),
        within,
      );
      for (const { strategy } of consumers)
        await eventually(() => strategy.waitUntilCaughtUp(5_000).catch(() => false), { timeout: 60_000 });
      for (const { key } of messages)
        expect(seen.anew!.filter((id) => id === key).length).toBeGreaterThanOrEqual(2);
      await Promise.all(consumers.map(({ close }) => close()));
    }, 150_000);
  });
});
