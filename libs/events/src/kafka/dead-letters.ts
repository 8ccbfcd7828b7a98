import type { Kafka } from 'kafkajs';
import { createHash, randomUUID } from 'node:crypto';
import type { DeadLetters, KeptDeadLetter } from '../delivery/dead-letters.js';
import type { DeadLetter } from '../delivery/delivery.js';
import { replayKey } from '../signatures/event-trust.js';
import { deadLetterTopic, KafkaCluster, partitionName } from './cluster.js';
import { MessageProducer } from './producer.js';
import type { KafkaSettings } from './settings.js';

/**
 * A closed dead letter. Its id stays known, so that a consumer that reads the log again does not put the
 * event aside again.
 */
interface Closed {
  id: string;
  closedAt: string;
}

type LetterRecord = KeptDeadLetter | Closed;

/**
 * Dead letters in compacted topics, one topic per consumer, keyed by the letter's id. A closed letter leaves
 * a record with its id. (No tombstones: compaction could remove the last record, and a reader would wait for
 * it.)
 */
export class KafkaDeadLetters implements DeadLetters {
  private readonly producer: MessageProducer;
  private readonly cluster: KafkaCluster;
  private readonly known = new Map<string, Promise<Set<string>>>();
  /** Topics of the listed letters, by id: earlier versions kept all letters in one topic. */
  private readonly topics = new Map<string, string>();

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {
    this.producer = new MessageProducer(kafka, settings);
    this.cluster = new KafkaCluster(kafka, settings);
  }

  async keep(letter: DeadLetter): Promise<boolean> {
    const topic = deadLetterTopic(this.settings, letter.consumer);
    const id = letter.origin === undefined ? randomUUID() : idOf(letter);
    const known = await this.knownIds(topic);
    if (known.has(id)) return false;
    await this.write(topic, { id, at: new Date().toISOString(), ...letter });
    known.add(id);
    return true;
  }

  async list(): Promise<KeptDeadLetter[]> {
    const letters: KeptDeadLetter[] = [];
    for (const topic of await this.cluster.topicsFrom(deadLetterTopic(this.settings)))
      for (const record of (await this.read(topic)).values())
        if ('event' in record) {
          letters.push(record);
          this.topics.set(record.id, topic);
        }
    return letters.sort((a, b) => a.at.localeCompare(b.at));
  }

  async replay(letter: KeptDeadLetter): Promise<void> {
    const { id, event, topic } = letter;
    // The letter's own key, not the event's key: compaction keeps the last event of a key and would keep this
    // old one.
    const key = `${replayKey}${id}`;
    const value = typeof event === 'string' ? event : JSON.stringify(event);
    await this.producer.send(new Map([[`${this.settings.KAFKA_TOPIC_PREFIX}${topic}`, [{ key, value }]]]));
    await this.discard(letter);
  }

  async discard({ id, consumer }: KeptDeadLetter): Promise<void> {
    const topic = this.topics.get(id) ?? deadLetterTopic(this.settings, consumer);
    await this.write(topic, { id, closedAt: new Date().toISOString() });
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.close(), this.cluster.close()]);
  }

  private async write(topic: string, record: LetterRecord): Promise<void> {
    await this.cluster.ensureDeadLetters(topic);
    await this.producer.send(new Map([[topic, [{ key: record.id, value: JSON.stringify(record) }]]]));
  }

  private async knownIds(topic: string): Promise<Set<string>> {
    const known = this.known.get(topic) ?? this.read(topic).then((records) => new Set(records.keys()));
    this.known.set(topic, known);
    try {
      return await known;
    } catch (error) {
      this.known.delete(topic);
      throw error;
    }
  }

  /** The newest record of each id, oldest letter first. */
  private async read(topic: string): Promise<Map<string, LetterRecord>> {
    const { cluster } = this;
    const groupId = `${topic}.${randomUUID()}`;
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 200, allowAutoTopicCreation: false });
    const records = new Map<string, LetterRecord>();
    try {
      // Reading creates no topic, not even under a mistyped prefix.
      if (!(await cluster.topicsFrom(topic)).includes(topic)) return records;
      const extent = (await cluster.extents([topic])).get(partitionName(topic, 0));
      if (!extent || extent.low === extent.high) return records;
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        consumer
          .run({
            autoCommit: false,
            eachMessage: async ({ message }) => {
              if (message.key && message.value)
                records.set(message.key.toString(), JSON.parse(message.value.toString()) as LetterRecord);
              if (BigInt(message.offset) + 1n >= extent.high) resolve();
            },
          })
          .catch(reject);
      });
      return records;
    } finally {
      await consumer.disconnect();
      await cluster.forgetGroup(groupId).catch(() => undefined);
    }
  }
}

function idOf({ consumer, topic, origin, event }: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([consumer, topic, origin, event]))
    .digest('hex')
    .slice(0, 32);
}
