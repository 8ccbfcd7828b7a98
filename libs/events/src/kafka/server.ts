import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { Delivery, DeliveryStopped, type DeadLetter } from '../delivery/delivery.js';
import { eventMetrics } from '../metrics.js';
import type { EventConsumer } from '../publisher.js';
import { Wakeup } from '../wakeup.js';
import { KafkaCluster, partitionName, type Offsets } from './cluster.js';
import type { KafkaSettings } from './settings.js';

/** Milliseconds between two looks at how far the log has grown: until caught up, and after. */
const lookInterval = { starting: 250, running: 5000 };

export interface KafkaEventServerOptions {
  kafka: Kafka;
  settings: KafkaSettings;
  /** Name of the service: its consumer group. */
  consumer: string;
  /**
   * `group`: each event is applied once per service, whichever replica takes it; offsets are committed after the handler's
   * transaction. `replica`: each process applies every event, from the beginning of the (compacted) topics, for models
   * that live in memory.
   */
  mode: 'group' | 'replica';
  /** Whether the service's own database answers. */
  canApply?: () => Promise<boolean>;
  keepDeadLetter(letter: DeadLetter): Promise<void>;
  onClose(): Promise<void>;
}

/**
 * NestJS transport strategy that feeds `@EventPattern` handlers from Kafka. A consumer that crashes is replaced, however
 * often; a replica then goes on where it was, a group where it committed.
 */
export class KafkaEventServer extends Server implements CustomTransportStrategy, EventConsumer {
  override readonly transportId = Symbol('kafka-events');
  private readonly delivery: Delivery;
  private readonly cluster: KafkaCluster;
  private readonly groupId: string;
  private readonly over = new Wakeup();
  private readonly settling = new Set<{ ends: Offsets; done: () => void }>();
  private readonly positions: Offsets = new Map();
  private startEnds: Offsets | undefined;
  private hasCaughtUp = false;
  private stopped = false;
  private loops: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: KafkaEventServerOptions) {
    super();
    const { consumer, mode, kafka, settings } = options;
    const suffix = mode === 'replica' ? `.${randomUUID()}` : '';
    this.groupId = `${settings.KAFKA_TOPIC_PREFIX}${consumer}${suffix}`;
    this.cluster = new KafkaCluster(kafka, settings);
    this.delivery = new Delivery({
      consumer,
      handlerOf: (topic) => this.getHandlerByPattern(topic),
      keepDeadLetter: (letter) => options.keepDeadLetter(letter),
      canApply: options.canApply ?? (() => Promise.resolve(true)),
      logger: this.logger,
    });
  }

  listen(callback: () => void): void {
    this.loops = Promise.all([this.consume(), this.look()]);
    callback();
  }

  override async close(): Promise<void> {
    this.stopped = true;
    this.delivery.stop();
    this.over.wake();
    await this.loops;
    if (this.options.mode === 'replica') await this.cluster.forgetGroup(this.groupId).catch(() => undefined);
    await this.cluster.close();
    await this.options.onClose();
  }

  get isCaughtUp(): boolean {
    return (this.hasCaughtUp ||= this.startEnds !== undefined && this.hasReached(this.startEnds));
  }

  async settle(timeout: number): Promise<boolean> {
    let isOver = false;
    const tooLate = new Promise<false>((resolve) =>
      setTimeout(() => {
        isOver = true;
        resolve(false);
      }, timeout).unref(),
    );
    const settled = async () => {
      const ends = await this.cluster.ends(this.topics);
      if (this.hasReached(ends)) return true;
      const reached = new Promise<true>((resolve) => {
        const waiter = { ends, done: () => resolve(true) };
        this.settling.add(waiter);
        void tooLate.then(() => this.settling.delete(waiter));
      });
      // What other members of the group apply is known here by what they commit.
      if (this.options.mode === 'group')
        void (async () => {
          while (!isOver && !this.hasReached(ends)) {
            await this.readCommitted().catch(() => undefined);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        })();
      return reached;
    };
    return Promise.race([settled(), tooLate]);
  }

  override unwrap<T>(): T {
    return this.options.kafka as T;
  }

  override on(): void {
    throw new Error('this transport has no events of its own to listen to');
  }

  private get topics(): string[] {
    return [...this.getHandlers().keys()].map((type) => `${this.options.settings.KAFKA_TOPIC_PREFIX}${type}`);
  }

  private async consume(): Promise<void> {
    for (let pause = 100; !this.stopped; pause = Math.min(pause * 2, 5000)) {
      const startedAt = Date.now();
      try {
        await this.cluster.ensureTopics();
        await this.consumeUntilCrash();
      } catch (error) {
        if (this.stopped) return;
        if (Date.now() - startedAt > 30_000) pause = 100;
        this.logger.warn(`reading events failed, next try in ${pause} ms: ${(error as Error).message}`);
        await this.over.sleep(pause);
      }
    }
  }

  private async consumeUntilCrash(): Promise<void> {
    const consumer = this.options.kafka.consumer({
      groupId: this.groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: 1000,
      rebalanceTimeout: 15_000,
      // How long the broker holds a fetch when there is nothing; new events are answered at once.
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, retries: 4, maxRetryTime: 2000, restartOnFailure: async () => false },
    });
    const ticket = this.over.ticket();
    let crash: Error | undefined;
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      crash = payload.error;
      this.over.wake();
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.seekWhereWeWere(consumer, payload.memberAssignment),
    );
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: this.topics, fromBeginning: true });
      await consumer.run({
        autoCommit: this.options.mode === 'group',
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => this.applyBatch(payload),
      });
      while (!this.stopped && !crash) await this.over.wait(ticket, 1000);
      if (crash) throw crash;
    } finally {
      await consumer.disconnect().catch(() => undefined);
    }
  }

  /** A replica's group commits nothing: after a rebalance or a crash it goes on in memory where it was. */
  private seekWhereWeWere(consumer: Consumer, assignment: Record<string, number[]>): void {
    if (this.options.mode === 'group') return;
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) {
        const position = this.positions.get(partitionName(topic, partition));
        if (position) consumer.seek({ topic, partition, offset: String(position) });
      }
  }

  private async applyBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const type = batch.topic.slice(this.options.settings.KAFKA_TOPIC_PREFIX.length);
    const name = partitionName(batch.topic, batch.partition);
    // A handler that waits for its database must not cost the membership.
    const beat = setInterval(() => void heartbeat().catch(() => undefined), 1000);
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale() || this.stopped) return;
        if (message.value !== null) await this.delivery.deliver(type, contentOf(message));
        resolveOffset(message.offset);
        this.advance(name, BigInt(message.offset) + 1n);
      }
    } catch (error) {
      if (!(error instanceof DeliveryStopped)) throw error;
    } finally {
      clearInterval(beat);
    }
  }

  /** Learns how far the topics have grown, and how far the group is, for readiness and the lag metric. */
  private async look(): Promise<void> {
    while (!this.stopped) {
      const ticket = this.over.ticket();
      try {
        if (this.options.mode === 'group') await this.readCommitted();
        const ends = await this.cluster.ends(this.topics);
        this.startEnds ??= ends;
        let lag = 0n;
        for (const [name, end] of ends) lag += max(0n, end - (this.positions.get(name) ?? 0n));
        eventMetrics.lag.set(Number(lag));
      } catch (error) {
        if (!this.stopped)
          this.logger.warn(`the state of the topics is unknown: ${(error as Error).message}`);
      }
      await this.over.wait(ticket, this.isCaughtUp ? lookInterval.running : lookInterval.starting);
    }
  }

  private async readCommitted(): Promise<void> {
    for (const [name, offset] of await this.cluster.committed(this.groupId, this.topics))
      this.advance(name, offset);
  }

  private advance(name: string, position: bigint): void {
    if (position <= (this.positions.get(name) ?? 0n)) return;
    this.positions.set(name, position);
    for (const waiter of this.settling)
      if (this.hasReached(waiter.ends)) {
        this.settling.delete(waiter);
        waiter.done();
      }
  }

  private hasReached(ends: Offsets): boolean {
    for (const [name, end] of ends) if ((this.positions.get(name) ?? 0n) < end) return false;
    return true;
  }
}

function contentOf(message: KafkaMessage): unknown {
  const text = message.value!.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
