import type { Kafka } from 'kafkajs';
import { createHash, randomUUID } from 'node:crypto';
import type { DeadLetters, KeptDeadLetter } from '../delivery/dead-letters.js';
import type { DeadLetter } from '../delivery/delivery.js';
import { replayKey } from '../signatures/event-trust.js';
import { deadLetterTopic, KafkaCluster, partitionName } from './cluster.js';
import { MessageProducer } from './producer.js';
import type { KafkaSettings } from './settings.js';

/** A letter that was dealt with: it stays known, so that who reads the log again does not put it aside again. */
interface Closed {
  id: string;
  closedAt: string;
}

type LetterRecord = KeptDeadLetter | Closed;

/**
 * Dead letters in a compacted topic of their own, keyed by their id; of one that is dealt with, the id stays. (No
 * tombstones: compaction could remove the last record, and a reader would wait for it.)
 */
export class KafkaDeadLetters implements DeadLetters {
  private readonly producer: MessageProducer;
  private readonly topic: string;
  private known: Promise<Set<string>> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {
    this.producer = new MessageProducer(kafka, settings);
    this.topic = deadLetterTopic(settings);
  }

  async keep(letter: DeadLetter): Promise<boolean> {
    const id = letter.origin === undefined ? randomUUID() : idOf(letter);
    const known = await this.knownIds();
    if (known.has(id)) return false;
    await this.write({ id, at: new Date().toISOString(), ...letter });
    known.add(id);
    return true;
  }

  async list(): Promise<KeptDeadLetter[]> {
    return [...(await this.read()).values()].filter((record) => 'event' in record);
  }

  async replay(letter: KeptDeadLetter): Promise<void> {
    const { id, event, topic } = letter;
    // Not the key of its thing: compaction keeps the last event of a key, which would be this one, however old it is.
    const key = `${replayKey}${id}`;
    const value = typeof event === 'string' ? event : JSON.stringify(event);
    await this.producer.send(new Map([[`${this.settings.KAFKA_TOPIC_PREFIX}${topic}`, [{ key, value }]]]));
    await this.discard(letter);
  }

  async discard(letter: KeptDeadLetter): Promise<void> {
    await this.write({ id: letter.id, closedAt: new Date().toISOString() });
  }

  async close(): Promise<void> {
    await this.producer.close();
  }

  private async write(record: LetterRecord): Promise<void> {
    await this.producer.send(new Map([[this.topic, [{ key: record.id, value: JSON.stringify(record) }]]]));
  }

  private async knownIds(): Promise<Set<string>> {
    this.known ??= this.read().then((records) => new Set(records.keys()));
    try {
      return await this.known;
    } catch (error) {
      this.known = undefined;
      throw error;
    }
  }

  /** The newest record of each id, oldest letter first. */
  private async read(): Promise<Map<string, LetterRecord>> {
    const cluster = new KafkaCluster(this.kafka, this.settings);
    const groupId = `${this.topic}.${randomUUID()}`;
    const consumer = this.kafka.consumer({ groupId, maxWaitTimeInMs: 200, allowAutoTopicCreation: false });
    const records = new Map<string, LetterRecord>();
    try {
      // Who only looks makes no topics, also when the prefix is mistyped.
      if (!(await cluster.hasTopic(this.topic))) return records;
      const extent = (await cluster.extents([this.topic])).get(partitionName(this.topic, 0));
      if (!extent || extent.low === extent.high) return records;
      await consumer.connect();
      await consumer.subscribe({ topics: [this.topic], fromBeginning: true });
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
      await cluster.close();
    }
  }
}

function idOf({ consumer, topic, origin, event }: DeadLetter): string {
  return createHash('sha256')
    .update(JSON.stringify([consumer, topic, origin, event]))
    .digest('hex')
    .slice(0, 32);
}
