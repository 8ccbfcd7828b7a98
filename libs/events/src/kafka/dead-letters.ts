import type { Kafka } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import type { DeadLetters, KeptDeadLetter } from '../delivery/dead-letters.js';
import type { DeadLetter } from '../delivery/delivery.js';
import { KafkaEventClient } from './client.js';
import { deadLetterTopic, KafkaCluster, partitionName } from './cluster.js';
import type { KafkaSettings } from './settings.js';

/** Dead letters in a compacted topic of their own, keyed by their id; one that is dealt with gets a tombstone. */
export class KafkaDeadLetters implements DeadLetters {
  private readonly client: KafkaEventClient;
  private readonly topic: string;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {
    this.client = new KafkaEventClient(kafka, settings);
    this.topic = deadLetterTopic(settings);
  }

  async keep(letter: DeadLetter): Promise<void> {
    const kept: KeptDeadLetter = { id: randomUUID(), at: new Date().toISOString(), ...letter };
    await this.client.sendMessages(this.topic, [{ key: kept.id, value: JSON.stringify(kept) }]);
  }

  async list(): Promise<KeptDeadLetter[]> {
    const cluster = new KafkaCluster(this.kafka, this.settings);
    const groupId = `${this.topic}.${randomUUID()}`;
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 200, allowAutoTopicCreation: false });
    const letters = new Map<string, KeptDeadLetter>();
    try {
      await cluster.ensureTopics();
      const end = (await cluster.ends([this.topic])).get(partitionName(this.topic, 0)) ?? 0n;
      if (end === 0n) return [];
      await consumer.connect();
      await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        consumer
          .run({
            autoCommit: false,
            eachMessage: async ({ message }) => {
              const id = message.key!.toString();
              if (message.value) letters.set(id, JSON.parse(message.value.toString()) as KeptDeadLetter);
              else letters.delete(id);
              if (BigInt(message.offset) + 1n >= end) resolve();
            },
          })
          .catch(reject);
      });
      return [...letters.values()];
    } finally {
      await consumer.disconnect();
      await cluster.forgetGroup(groupId).catch(() => undefined);
      await cluster.close();
    }
  }

  async replay(letter: KeptDeadLetter): Promise<void> {
    const { event, topic } = letter;
    const subject = (event as { subject?: unknown } | null)?.subject;
    await this.client.sendMessages(`${this.settings.KAFKA_TOPIC_PREFIX}${topic}`, [
      {
        key: typeof subject === 'string' ? subject : letter.id,
        value: typeof event === 'string' ? event : JSON.stringify(event),
      },
    ]);
    await this.discard(letter);
  }

  async discard(letter: KeptDeadLetter): Promise<void> {
    await this.client.sendMessages(this.topic, [{ key: letter.id, value: null }]);
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}
