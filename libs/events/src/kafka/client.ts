import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import type { EventPublisher } from '../publisher.js';
import { checkTopics } from './check-log.js';
import { KafkaCluster } from './cluster.js';
import type { KafkaSettings } from './settings.js';

const { Partitioners } = kafkajs;

/** Milliseconds between two looks at all topics. */
const checkInterval = 10_000;

/** Bytes in one request: all of it may go to one partition, whose broker takes a batch of 1 MiB at most. */
const largestBatch = 512 * 1024;

/**
 * NestJS client of the Kafka transport: `emit(type, event)`, or many at once for the relay. Events travel as structured
 * CloudEvents (Kafka protocol binding §3.3), keyed by the id of the thing. A producer that failed is replaced: an idempotent
 * one may have lost its sequence.
 */
export class KafkaEventClient extends ClientProxy implements EventPublisher {
  private readonly cluster: KafkaCluster;
  private producer: Promise<Producer> | undefined;
  private checkedAt = -Infinity;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {
    super();
    this.cluster = new KafkaCluster(kafka, settings);
  }

  async connect(): Promise<void> {
    await this.connected();
  }

  async close(): Promise<void> {
    const producer = await this.producer?.catch(() => undefined);
    await Promise.all([producer?.disconnect(), this.cluster.close()]);
  }

  /** A heartbeat vouches for what was told before it, so it leaves only when all of that has arrived. */
  async publishEvents(events: readonly CloudEvent[]): Promise<void> {
    await this.publishAll(events.filter((event) => event.type !== 'heartbeat'));
    await this.publishAll(events.filter((event) => event.type === 'heartbeat'));
  }

  /** Sends messages as they are. @param topic with its prefix */
  async sendMessages(topic: string, messages: Message[]): Promise<void> {
    await this.sendBatch(new Map([[topic, messages]]));
  }

  async checkLog(memory: unknown): Promise<{ memory: unknown; lost?: string }> {
    if (memory !== undefined && performance.now() - this.checkedAt < checkInterval) return { memory };
    const checked = await checkTopics(this.cluster, this.settings.KAFKA_TOPIC_PREFIX, memory);
    this.checkedAt = performance.now();
    return checked;
  }

  override unwrap<T>(): T {
    return this.kafka as T;
  }

  protected override async dispatchEvent<T>(packet: ReadPacket<CloudEvent>): Promise<T> {
    await this.publishEvents([packet.data]);
    return undefined as T;
  }

  protected override publish(_packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: new Error('this transport carries events only, no requests') });
    return () => undefined;
  }

  private async publishAll(events: readonly CloudEvent[]): Promise<void> {
    let topics = new Map<string, Message[]>();
    let size = 0;
    for (const event of events) {
      const value = JSON.stringify(event);
      const bytes = Buffer.byteLength(value);
      if (size > 0 && size + bytes > largestBatch) {
        await this.sendBatch(topics);
        [topics, size] = [new Map(), 0];
      }
      const topic = `${this.settings.KAFKA_TOPIC_PREFIX}${event.type}`;
      const messages = topics.get(topic) ?? [];
      topics.set(topic, messages);
      messages.push({
        key: event.subject,
        value,
        headers: { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
      });
      size += bytes;
    }
    if (size > 0) await this.sendBatch(topics);
  }

  private async sendBatch(topics: Map<string, Message[]>): Promise<void> {
    const connected = this.connected();
    try {
      const producer = await connected;
      await producer.sendBatch({
        acks: -1,
        timeout: 5000,
        topicMessages: [...topics].map(([topic, messages]) => ({ topic, messages })),
      });
    } catch (error) {
      if (this.producer === connected) this.producer = undefined;
      void connected.then((producer) => producer.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  private connected(): Promise<Producer> {
    return (this.producer ??= this.connectProducer());
  }

  private async connectProducer(): Promise<Producer> {
    await this.cluster.ensureTopics();
    const producer = this.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 100, retries: 4, maxRetryTime: 2000 },
    });
    await producer.connect();
    return producer;
  }
}
