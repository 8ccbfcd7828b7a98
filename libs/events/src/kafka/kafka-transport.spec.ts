import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { eventually } from '@payer/testing';
import { addToOutbox, whenRelayed } from '../index.js';
import { EventBench, eventTransportSuite, revocation } from '../transport.suite.js';

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
  }, 60_000);

  eventTransportSuite(onKafka);

  describe('a broker that fails', () => {
    const bench = new EventBench();
    beforeAll(async () => {
      await bench.start(onKafka);
      await bench.relay();
    }, 60_000);
    afterAll(() => bench.stop(), 60_000);

    it('frozen, then thawed, delays events and loses none; a settling consumer says that it has not settled', async () => {
      const { strategy, close } = await bench.consume('frozen', 'replica');
      await eventually(() => strategy.isCaughtUp, { timeout: 30_000 });
      await bench.tell('frozen', ['before']);
      await kafka.kill('SIGSTOP');
      const event = await addToOutbox(bench.service, 'token-revoked', revocation('during', 'frozen'));
      expect(await whenRelayed(bench.service, [event], 1500)).toBe(false);
      expect(await strategy.settle(500)).toBe(false);
      await kafka.kill('SIGCONT');
      expect(await whenRelayed(bench.service, [event], 40_000)).toBe(true);
      await eventually(() => strategy.settle(5000), { timeout: 40_000 });
      await close();
    }, 120_000);
  });
});
