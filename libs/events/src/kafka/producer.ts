import kafkajs, { type Kafka, type Message, type Producer } from 'kafkajs';
import { KafkaCluster } from './cluster.js';
import type { KafkaSettings } from './settings.js';

const { Partitioners } = kafkajs;

/**
 * Publishes messages durably. Replaces a producer after a failure, because an idempotent producer may have
 * lost its sequence.
 */
export class MessageProducer {
  private readonly cluster: KafkaCluster;
  private producer: Promise<Producer> | undefined;

  constructor(
    private readonly kafka: Kafka,
    settings: KafkaSettings,
  ) {
    this.cluster = new KafkaCluster(kafka, settings);
  }

  async connect(): Promise<void> {
    await this.connected();
  }

  async close(): Promise<void> {
    const producer = await this.producer?.catch(() => undefined);
    await Promise.all([producer?.disconnect(), this.cluster.close()]);
  }

  /** @param topics messages by topic name, prefix included */
  async send(topics: ReadonlyMap<string, Message[]>): Promise<void> {
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
