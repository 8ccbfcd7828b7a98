import { expect, it } from 'vitest';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import { KafkaCluster } from './cluster.js';
import type { KafkaSettings } from './settings.js';

const settings = {
  KAFKA_TOPIC_PREFIX: 'payer.',
  KAFKA_PARTITIONS: 1,
  KAFKA_REPLICATION_FACTOR: 1,
  KAFKA_MIN_INSYNC_REPLICAS: 1,
} as KafkaSettings;

/** A broker that answers the first requests for new topics with errors of these types. */
function brokerThatSays(...types: string[]) {
  const topics = new Set<string>();
  const admin: Partial<Admin> = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => [...topics],
    async createTopics(request: { topics: ITopicConfig[] }) {
      for (const { topic } of request.topics) topics.add(topic);
      const type = types.shift();
      if (type) throw Object.assign(new Error(type), { type });
      return true;
    },
  };
  return { topics, kafka: { admin: () => admin } as unknown as Kafka };
}

it.each(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION'])(
  'a topic is made although the broker answers %s just after its creation',
  async (type) => {
    const { topics, kafka } = brokerThatSays(type, type);
    await new KafkaCluster(kafka, settings).ensureDeadLetters('payer.dead-letters.consent');
    expect([...topics]).toEqual(['payer.dead-letters.consent']);
  },
);

it('a topic that the user may not make is an error at once', async () => {
  const { kafka } = brokerThatSays('TOPIC_AUTHORIZATION_FAILED');
  await expect(new KafkaCluster(kafka, settings).ensureTopics()).rejects.toThrow(
    'TOPIC_AUTHORIZATION_FAILED',
  );
});
