import type { Admin, Kafka } from 'kafkajs';
import { eventTypes } from '@payer/smart';
import type { KafkaSettings } from './settings.js';

/** Offsets by `topic/partition`: of the next event to read, or to be written. */
export type Offsets = Map<string, bigint>;

export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/** Milliseconds: longer than any access token lives, so a replica that starts still sees each step of the last hour. */
const compactionLag = 2 * 3600 * 1000;

export function deadLetterTopic(settings: KafkaSettings): string {
  return `${settings.KAFKA_TOPIC_PREFIX}dead-letters`;
}

/** What is asked of the cluster beside sending and receiving. Connects when first used, and again after a failure. */
export class KafkaCluster {
  private connected: Promise<Admin> | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {}

  /** Creates the topics that do not exist, compacted by key; those that exist are left as they are. */
  async ensureTopics(): Promise<void> {
    const { KAFKA_TOPIC_PREFIX: prefix, KAFKA_REPLICATION_FACTOR: replicationFactor } = this.settings;
    const topic = (name: string, numPartitions: number) => ({
      topic: name,
      numPartitions,
      replicationFactor,
      configEntries: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'min.compaction.lag.ms', value: String(compactionLag) },
        { name: 'min.insync.replicas', value: String(this.settings.KAFKA_MIN_INSYNC_REPLICAS) },
      ],
    });
    const wanted = [
      ...eventTypes.map((type) => topic(`${prefix}${type}`, this.settings.KAFKA_PARTITIONS)),
      topic(deadLetterTopic(this.settings), 1),
    ];
    await this.use(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const topics = wanted.filter(({ topic: name }) => !existing.has(name));
      if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: true });
    });
  }

  /** Where each partition of the topics ends now; 0 when there is nothing to read in it. */
  ends(topics: readonly string[]): Promise<Offsets> {
    return this.use(async (admin) => {
      const offsets: Offsets = new Map();
      await Promise.all(
        topics.map(async (topic) => {
          for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
            offsets.set(partitionName(topic, partition), high === low ? 0n : BigInt(high));
        }),
      );
      return offsets;
    });
  }

  /** What a consumer group has committed. */
  committed(groupId: string, topics: readonly string[]): Promise<Offsets> {
    return this.use(async (admin) => {
      const offsets: Offsets = new Map();
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] }))
        for (const { partition, offset } of partitions)
          if (BigInt(offset) >= 0n) offsets.set(partitionName(topic, partition), BigInt(offset));
      return offsets;
    });
  }

  /** Removes a group that no member will join again. */
  async forgetGroup(groupId: string): Promise<void> {
    await this.use((admin) => admin.deleteGroups([groupId]));
  }

  async close(): Promise<void> {
    const admin = await this.connected?.catch(() => undefined);
    await admin?.disconnect().catch(() => undefined);
  }

  private async use<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const connected = (this.connected ??= this.connect());
    try {
      return await work(await connected);
    } catch (error) {
      if (this.connected === connected) this.connected = undefined;
      void connected.then((admin) => admin.disconnect()).catch(() => undefined);
      throw error;
    }
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin();
    await admin.connect();
    return admin;
  }
}
