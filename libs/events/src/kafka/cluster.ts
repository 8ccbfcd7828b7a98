import kafkajs, { type Admin, type ITopicConfig, type Kafka } from 'kafkajs';
import { eventContracts, eventTypes, type EventType } from '@payer/smart';
import type { EventLogger } from '../publisher.js';
import type { KafkaSettings } from './settings.js';
import { deadLetterConfiguration, topicConfiguration, type TopicConfiguration } from './topic-retention.js';

const { ConfigResourceTypes } = kafkajs;

/** By `topic/partition`: the offset of the next event to read. */
export type Offsets = Map<string, bigint>;
/**
 * By `topic/partition`: the offset of the oldest event, and the end. Both are equal in an empty partition.
 */
export type Extents = Map<string, { low: bigint; high: bigint }>;

/** Errors of a moment: a new topic has no leader yet, or a leader moves. */
const leaderless = ['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE'];
/** Errors of a moment after the creation of a topic: the broker asked may not know the new topic yet. */
const unsettled = [...leaderless, 'UNKNOWN_TOPIC_OR_PARTITION'];

/** Retries for a few seconds while the error has one of these types. */
async function retried<T>(types: readonly string[], ask: () => Promise<T>): Promise<T> {
  for (let pause = 50; ; pause *= 2) {
    try {
      return await ask();
    } catch (error) {
      const { type } = error as { type?: string };
      if (pause > 2000 || !types.includes(type ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

/**
 * The topic of a consumer's dead letters. Each consumer has its own, so that no service reads events of
 * another consumer.
 * @param consumer absent for the common topic of earlier versions
 */
export function deadLetterTopic(settings: KafkaSettings, consumer?: string): string {
  return `${settings.KAFKA_TOPIC_PREFIX}dead-letters${consumer === undefined ? '' : `.${consumer}`}`;
}

/** Administrative requests to the cluster. Connects on first use, and again after a failure. */
export class KafkaCluster {
  private connected: Promise<Admin> | undefined;
  private isChecked = false;

  constructor(
    private readonly kafka: Kafka,
    private readonly settings: KafkaSettings,
  ) {}

  /**
   * Creates missing topics and leaves existing topics unchanged.
   * @param logger receives one warning about existing topics that keep events for less time than their
   *   contract says
   */
  async ensureTopics(logger?: EventLogger): Promise<void> {
    const { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: partitions } = this.settings;
    const wanted = eventTypes.map((type) =>
      this.topic(`${prefix}${type}`, partitions, topicConfiguration(type)),
    );
    await this.use(async (admin) => {
      const existing = await this.create(admin, wanted);
      if (logger && !this.isChecked) {
        this.isChecked = true;
        const types = eventTypes.filter((type) => existing.has(`${prefix}${type}`));
        await this.checkRetention(admin, types, logger).catch((error: Error) =>
          logger.warn(`the configuration of the topics could not be checked: ${error.message}`),
        );
      }
    });
  }

  /**
   * Creates a missing topic of dead letters.
   * @param name from {@link deadLetterTopic}
   */
  async ensureDeadLetters(name: string): Promise<void> {
    await this.use((admin) => this.create(admin, [this.topic(name, 1, deadLetterConfiguration)]));
  }

  /** The topics with names that begin with `start`, as far as this user may see them. */
  topicsFrom(start: string): Promise<string[]> {
    return this.use(async (admin) => (await admin.listTopics()).filter((topic) => topic.startsWith(start)));
  }

  /** Id of the cluster: another cluster has other events at the same offsets. */
  identity(): Promise<string> {
    return this.use(async (admin) => (await admin.describeCluster()).clusterId);
  }

  /** The current extent of each partition of the topics. */
  extents(topics: readonly string[]): Promise<Extents> {
    return this.use(async (admin) => {
      const extents: Extents = new Map();
      const read = async (topic: string) => {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
          extents.set(partitionName(topic, partition), { low: BigInt(low), high: BigInt(high) });
      };
      await Promise.all(topics.map((topic) => retried(leaderless, () => read(topic))));
      return extents;
    });
  }

  /**
   * For each partition of the topics, the offset of the first event since a time, or the end.
   * @param time milliseconds since the epoch
   */
  since(topics: readonly string[], time: number): Promise<Offsets> {
    return this.use(async (admin) => {
      const offsets: Offsets = new Map();
      const read = async (topic: string) => {
        for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, time))
          offsets.set(partitionName(topic, partition), BigInt(offset));
      };
      await Promise.all(topics.map((topic) => retried(leaderless, () => read(topic))));
      return offsets;
    });
  }

  /** The committed offsets of a consumer group. */
  committed(groupId: string, topics: readonly string[]): Promise<Offsets> {
    return this.use(async (admin) => {
      const offsets: Offsets = new Map();
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] }))
        for (const { partition, offset } of partitions)
          if (BigInt(offset) >= 0n) offsets.set(partitionName(topic, partition), BigInt(offset));
      return offsets;
    });
  }

  /** Deletes a group that no member will join again. */
  async forgetGroup(groupId: string): Promise<void> {
    await this.use((admin) => admin.deleteGroups([groupId]));
  }

  async close(): Promise<void> {
    const admin = await this.connected?.catch(() => undefined);
    await admin?.disconnect().catch(() => undefined);
  }

  private topic(name: string, numPartitions: number, configuration: TopicConfiguration): ITopicConfig {
    return {
      topic: name,
      numPartitions,
      replicationFactor: this.settings.KAFKA_REPLICATION_FACTOR,
      configEntries: Object.entries({
        ...configuration,
        'min.insync.replicas': String(this.settings.KAFKA_MIN_INSYNC_REPLICAS),
      }).map(([setting, value]) => ({ name: setting, value })),
    };
  }

  /** @returns the topics that existed before */
  private async create(admin: Admin, wanted: ITopicConfig[]): Promise<Set<string>> {
    const existing = new Set(await admin.listTopics());
    const topics = wanted.filter(({ topic }) => !existing.has(topic));
    if (topics.length > 0)
      await retried(unsettled, () => admin.createTopics({ topics, waitForLeaders: true }));
    return existing;
  }

  private async checkRetention(
    admin: Admin,
    types: readonly EventType[],
    logger: EventLogger,
  ): Promise<void> {
    if (types.length === 0) return;
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: types.map((type) => ({
        type: ConfigResourceTypes.TOPIC,
        name: `${this.settings.KAFKA_TOPIC_PREFIX}${type}`,
        configNames: ['cleanup.policy', 'retention.ms'],
      })),
    });
    for (const [index, type] of types.entries()) {
      const entries = resources[index]?.configEntries ?? [];
      const value = (name: string) =>
        entries.find(({ configName }) => configName === name)?.configValue ?? '';
      const retention = Number(value('retention.ms'));
      const { keptHours } = eventContracts[type];
      if (!value('cleanup.policy').includes('delete') || retention < 0) continue;
      if (keptHours === null || retention < keptHours * 3600_000)
        logger.warn(
          `topic ${resources[index]?.resourceName} deletes events after ${retention} ms; its contract keeps them ` +
            (keptHours === null ? 'for good (cleanup.policy=compact)' : `${keptHours} hours`),
        );
    }
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
