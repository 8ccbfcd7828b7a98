import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { eventContracts, eventTypes, serviceNames, type ServiceName } from '@payer/smart';
import { silent } from '../testing/event-bench.js';
import { applyKafkaRights } from './apply-rights.js';
import { makeCertificates } from './testing/certificates.js';
import { kafkaRights } from './rights.js';
import { kafkaVariables, type KafkaSettings } from './settings.js';

const settingsOf = (variables: Record<string, string> = {}) => z.object(kafkaVariables).parse(variables);

describe('the rights of services on Kafka', () => {
  it('come from the event table: a topic is written by those who may publish it and read by those who act on it', () => {
    for (const type of eventTypes)
      for (const service of serviceNames) {
        const right = kafkaRights(service, settingsOf({ KAFKA_TOPIC_PREFIX: 'p.' })).find(
          ({ name }) => name === `p.${type}`,
        );
        const { sources, actedOn } = eventContracts[type];
        expect(right?.operations.includes('WRITE')).toBe(
          (sources as readonly ServiceName[]).includes(service),
        );
        expect(right?.operations.includes('READ')).toBe(service in actedOn);
      }
  });

  it('cover no foreign group and no foreign dead letters', () => {
    for (const service of serviceNames)
      for (const { name, resource, pattern } of kafkaRights(service, settingsOf()))
        if (resource === 'GROUP' || name.startsWith('dead-letters'))
          for (const other of serviceNames.filter((one) => one !== service))
            for (const theirs of [
              other,
              `${other}.x`,
              `dead-letters.${other}`,
              `dead-letters.${other}.x`,
              'dead-letters',
            ])
              expect(pattern === 'PREFIXED' ? theirs.startsWith(name) : theirs === name).toBe(false);
  });
});

/** Needs Java, Maven and OpenSSL; CI sets KAFKA_TESTS=1. */
(process.env.KAFKA_TESTS === '1' ? describe : describe.skip)('a Kafka with the rights of services', () => {
  let directory: string;
  let kafka: RunningKafka;
  const password = 'right';

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'payer-kafka-rights-'));
    makeCertificates(directory, 'broker', 'client');
    const keystore = join(directory, 'keystore.pem');
    writeFileSync(
      keystore,
      ['broker.key', 'broker.pem'].map((name) => readFileSync(join(directory, name))).join(''),
    );
    kafka = await startKafka({
      port: 0,
      dataDirectory: join(directory, 'data'),
      security: {
        authority: join(directory, 'authority.pem'),
        keystore,
        users: Object.fromEntries(['admin', ...serviceNames, 'stranger'].map((name) => [name, password])),
        authorize: true,
      },
    });
    await applyKafkaRights(settingsFor('admin'), silent);
    // The second run stands for an update of the platform.
    await applyKafkaRights(settingsFor('admin'), silent);
  }, 180_000);
  afterAll(async () => {
    await kafka?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  function settingsFor(user: string): KafkaSettings {
    return settingsOf({
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: join(directory, 'authority.pem'),
      KAFKA_SSL_CERT_FILE: join(directory, 'client.pem'),
      KAFKA_SSL_KEY_FILE: join(directory, 'client.key'),
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: password,
    });
  }

  async function clientOf(user: string) {
    const { kafkaClient } = await import('./kafka-client.js');
    return kafkaClient(settingsFor(user), user, silent);
  }

  /**
   * @returns 'done' or 'refused', otherwise the error. For a foreign group, kafkajs reports that it finds no
   *   coordinator.
   */
  const outcome = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: Error) =>
        /[Aa]uthoriz|AUTHORIZATION|find group coordinator/.test(`${error.message} ${String(error)}`)
          ? 'refused'
          : String(error),
    );

  async function write(user: string, topic: string): Promise<string> {
    const producer = (await clientOf(user)).producer({
      allowAutoTopicCreation: false,
      retry: { retries: 1 },
    });
    await producer.connect();
    return outcome(producer.send({ topic, messages: [{ key: 'k', value: 'v' }] })).finally(() =>
      producer.disconnect(),
    );
  }

  /** Retries while the broker prepares the group, because that error has nothing to do with rights. */
  async function read(user: string, topic: string, groupId: string): Promise<string> {
    for (const deadline = Date.now() + 30_000; ;) {
      const result = await readOnce(user, topic, groupId);
      if (!/coordinator/i.test(result) || Date.now() > deadline) return result;
    }
  }

  async function readOnce(user: string, topic: string, groupId: string): Promise<string> {
    const consumer = (await clientOf(user)).consumer({
      groupId,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 200, retries: 6 },
    });
    await consumer.connect();
    const reading = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .subscribe({ topics: [topic], fromBeginning: true })
        .then(() => consumer.run({ eachMessage: async () => resolve() }))
        .catch(reject);
    });
    return outcome(reading).finally(() => consumer.disconnect());
  }

  it.each(serviceNames)(
    '%s writes the topics that it may publish, and no other',
    async (service) => {
      for (const type of eventTypes) {
        const mine = (eventContracts[type].sources as readonly ServiceName[]).includes(service);
        expect([type, await write(service, type)]).toEqual([type, mine ? 'done' : 'refused']);
      }
      for (const other of serviceNames)
        expect([other, await write(service, `dead-letters.${other}`)]).toEqual([
          other,
          other === service ? 'done' : 'refused',
        ]);
    },
    120_000,
  );

  it.each(serviceNames)(
    '%s reads what it acts on, in its own groups',
    async (service) => {
      const own = service === 'fhir-api' ? `fhir-api.${randomUUID()}` : service;
      const [acted, other] = [true, false].map((acts) =>
        eventTypes.find((type) => service in eventContracts[type].actedOn === acts)!,
      );
      await write('admin', acted!);
      expect(await read(service, acted!, own)).toBe('done');
      expect(await read(service, other!, own)).toBe('refused');
      for (const theirs of serviceNames.filter((one) => one !== service)) {
        expect(await read(service, acted!, theirs === 'fhir-api' ? 'fhir-api.x' : theirs)).toBe('refused');
        expect(await read(service, `dead-letters.${theirs}`, own)).toBe('refused');
      }
    },
    120_000,
  );

  it('a service makes, empties and gives away nothing, and a stranger does nothing at all', async () => {
    for (const user of [...serviceNames, 'stranger']) {
      const admin = (await clientOf(user)).admin();
      await admin.connect();
      const tries: [string, () => Promise<unknown>][] = [
        ['create', () => admin.createTopics({ topics: [{ topic: `of-${user}` }] })],
        ['delete', () => admin.deleteTopics({ topics: ['app-approved'] })],
        [
          'empty',
          () =>
            admin.deleteTopicRecords({ topic: 'app-approved', partitions: [{ partition: 0, offset: '-1' }] }),
        ],
        ['rights', () => admin.describeAcls({} as never)],
      ];
      for (const [what, tried] of tries)
        expect([user, what, await outcome(tried())]).not.toEqual([user, what, 'done']);
      await admin.disconnect();
    }
    expect(await write('stranger', 'app-approved')).toBe('refused');
    expect(await read('stranger', 'app-approved', 'stranger')).toBe('refused');
  }, 120_000);
});
