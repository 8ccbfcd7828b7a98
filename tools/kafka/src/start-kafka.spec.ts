import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import kafkajs, { type Consumer, type Kafka as Client } from 'kafkajs';
import { randomClusterId } from './java.js';
import { startKafka, type RunningKafka } from './start-kafka.js';

const { Kafka, logLevel } = kafkajs;

describe('startKafka', () => {
  it('says that the port is taken before it starts or downloads anything', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    const dataDirectory = join(tmpdir(), 'payer-kafka-never-made');
    await expect(startKafka({ port, dataDirectory })).rejects.toThrow(
      `Port ${port} is taken by another program`,
    );
    await new Promise((resolve) => server.close(resolve));
  });

  it('makes no cluster id that its command would read as an option', () => {
    const ids = Array.from({ length: 2000 }, randomClusterId);
    expect(ids.filter((id) => id.startsWith('-'))).toEqual([]);
    expect(new Set(ids).size).toBe(2000);
  });
});

// A real broker needs Docker, or Java and Maven. KAFKA_TESTS=1 says that they are installed.
(process.env.KAFKA_TESTS === '1' ? describe : describe.skip)('a real broker, used through kafkajs', () => {
  let dataDirectory: string;
  let kafka: RunningKafka;
  let client: Client;

  beforeAll(async () => {
    dataDirectory = mkdtempSync(join(tmpdir(), 'payer-kafka-'));
    kafka = await startKafka({ port: 0, dataDirectory });
    client = new Kafka({
      brokers: [kafka.brokers],
      clientId: 'spec',
      logLevel: logLevel.NOTHING,
      requestTimeout: 5_000,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 40 },
    });
  }, 300_000);

  afterAll(async () => {
    await kafka?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  it('makes compacted topics on request and no topic by itself', async () => {
    await createTopic('made-on-purpose', 3);
    const admin = client.admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: ['made-on-purpose'] });
    expect(topics[0]?.partitions).toHaveLength(3);
    const producer = client.producer({ allowAutoTopicCreation: true, retry: { retries: 1 } });
    await producer.connect();
    await expect(producer.send({ topic: 'misspelt', messages: [{ value: 'x' }] })).rejects.toThrow(
      'does not host this topic-partition',
    );
    expect(await admin.listTopics()).not.toContain('misspelt');
    await producer.disconnect();
    await admin.disconnect();
  });

  it('gives a consumer what an idempotent producer sent with acks=all, in order by key', async () => {
    await createTopic('ordered', 3);
    await send('ordered', ['a1', 'a2', 'a3'], 'a');
    await send('ordered', ['b1', 'b2'], 'b');
    const read = await readGroup('reader', 'ordered', 5);
    expect(read.filter((value) => value.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(read.filter((value) => value.startsWith('b'))).toEqual(['b1', 'b2']);
  });

  it('goes on for a group where it committed, and divides partitions among its members', async () => {
    await createTopic('grouped', 2);
    await send('grouped', ['1', '2'], 'k');
    expect(await readGroup('group', 'grouped', 2)).toEqual(['1', '2']);
    await send('grouped', ['3'], 'k');
    expect(await readGroup('group', 'grouped', 1)).toEqual(['3']);

    const shares = new Map<string, number>();
    const members = [0, 1].map(() => memberOf('shared'));
    for (const [index, member] of members.entries()) {
      await member.connect();
      await member.subscribe({ topic: 'grouped' });
      member.on(member.events.GROUP_JOIN, ({ payload }) => {
        shares.set(String(index), payload.memberAssignment['grouped']?.length ?? 0);
      });
      await member.run({ eachMessage: async () => {} });
    }
    await until(() => shares.get('0') === 1 && shares.get('1') === 1, 15_000);
    await Promise.all(members.map((member) => member.disconnect()));
  });

  it('keeps messages and offsets when it is killed and started again on the same data and port', async () => {
    await createTopic('durable', 1);
    await send('durable', ['before'], 'k');
    expect(await readGroup('durable-group', 'durable', 1)).toEqual(['before']);
    await kafka.kill('SIGKILL');
    await kafka.exited;
    kafka = await startKafka({ port: kafka.port, dataDirectory });
    await send('durable', ['after'], 'k');
    expect(await readGroup('durable-group', 'durable', 1)).toEqual(['after']);
  });

  it('answers nothing while it is frozen and everything afterwards', async () => {
    await createTopic('frozen', 1);
    await kafka.kill('SIGSTOP');
    let isSent = false;
    const sending = send('frozen', ['late'], 'k').then(() => (isSent = true));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(isSent).toBe(false);
    await kafka.kill('SIGCONT');
    await sending;
    expect(await readGroup('frozen-group', 'frozen', 1)).toEqual(['late']);
  });

  it('leaves no process behind when it is stopped, even while frozen', async () => {
    await kafka.kill('SIGSTOP');
    await kafka.stop();
    expect(() => process.kill(kafka.pid, 0)).toThrow('ESRCH');
  });

  async function createTopic(topic: string, numPartitions: number): Promise<void> {
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions,
          replicationFactor: 1,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    });
    await admin.disconnect();
  }

  async function send(topic: string, values: string[], key: string): Promise<void> {
    const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ key, value })) });
    await producer.disconnect();
  }

  /**
   * kafkajs leaves a group only after the answer to its pending fetch, by default after 5 s of silence. So
   * `maxWaitTimeInMs` is short.
   */
  const memberOf = (groupId: string): Consumer => client.consumer({ groupId, maxWaitTimeInMs: 100 });

  /** Reads as a member of the group until a number of messages has arrived, commits, and leaves. */
  async function readGroup(groupId: string, topic: string, count: number): Promise<string[]> {
    const consumer = memberOf(groupId);
    const read: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        read.push(message.value?.toString() ?? '');
      },
    });
    await until(() => read.length >= count, 20_000);
    await consumer.disconnect();
    return read;
  }

  async function until(condition: () => boolean, limit: number): Promise<void> {
    for (const deadline = Date.now() + limit; !condition();) {
      if (Date.now() > deadline) throw new Error(`Not true within ${limit} ms: ${condition}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
});
