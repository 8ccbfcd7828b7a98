import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import type { Kafka, Message } from 'kafkajs';
import type { EventPublisher } from '../publisher.js';
import type { EventSigner } from '../signatures/event-signature.js';
import { checkTopics } from './check-log.js';
import { KafkaCluster } from './cluster.js';
import { MessageProducer } from './producer.js';
import type { KafkaSettings } from './settings.js';

/** Milliseconds between two checks of all topics. */
const checkInterval = 10_000;

/**
 * Bytes in one request. All of them may go to one partition, and its broker accepts batches of at most 1 MiB.
 */
const largestBatch = 512 * 1024;

/**
 * NestJS client of the Kafka transport: `emit(type, event)`, or many events at once for the relay. Events are
 * structured CloudEvents (Kafka protocol binding §3.3), signed, with the id of their subject as the key.
 */
export class KafkaEventClient extends ClientProxy implements EventPublisher {
  private readonly producer: MessageProducer;
  private readonly cluster: KafkaCluster;
  private checkedAt = -Infinity;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
    private readonly sign: EventSigner,
  ) {
    super();
    this.producer = new MessageProducer(kafka, settings);
    this.cluster = new KafkaCluster(kafka, settings);
  }

  connect(): Promise<void> {
    return this.producer.connect();
  }

  async close(): Promise<void> {
    await Promise.all([this.producer.close(), this.cluster.close()]);
  }

  /**
   * A heartbeat confirms all events published before it. So heartbeats are sent only after the other events
   * have arrived.
   */
  async publishEvents(events: readonly CloudEvent[]): Promise<void> {
    await this.publishAll(events.filter((event) => event.type !== 'heartbeat'));
    await this.publishAll(events.filter((event) => event.type === 'heartbeat'));
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
      const value = JSON.stringify(this.sign(event));
      const bytes = Buffer.byteLength(value);
      if (size > 0 && size + bytes > largestBatch) {
        await this.producer.send(topics);
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
    if (size > 0) await this.producer.send(topics);
  }
}
