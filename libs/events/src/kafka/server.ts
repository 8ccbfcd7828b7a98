import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import kafkajs, { type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { Coalesced } from '../coalesced.js';
import { Delivery, DeliveryStopped, type DeadLetter } from '../delivery/delivery.js';
import { countDeadLettersOf, eventMetrics } from '../metrics.js';
import type { EventConsumer, Recent } from '../publisher.js';
import type { ServicePublicKeys } from '../signatures/service-keys.js';
import type { AppliedPositions } from '../delivery/applied-positions.js';
import { Wakeup } from '../wakeup.js';
import { bySubscription } from './assigner.js';
import { KafkaCluster, partitionName, type Extents, type Offsets } from './cluster.js';
import type { KafkaSettings } from './settings.js';

/** Milliseconds between two measurements of the log's end: before and after the consumer has caught up. */
const lookInterval = { starting: 250, running: 5000 };
/** Milliseconds between two reads of a group's committed offsets while a caller waits for them. */
const committedInterval = 20;

export interface KafkaEventServerOptions {
  kafka: Kafka;
  settings: KafkaSettings;
  publicKeys: ServicePublicKeys;
  /** Name of the service; its consumer group is named after it. */
  consumer: string;
  /**
   * `group`: one replica of the service applies each event; offsets are committed after the handler's
   * transaction. `replica`: each process applies every event from the beginning of the (compacted) topics,
   * for models in memory.
   */
  mode: 'group' | 'replica';
  /** Whether the service's own database accepts writes now. */
  canApply?: () => Promise<boolean>;
  /** For a `group`: positions of the events that the service's own database holds. */
  applied?: AppliedPositions;
  /** For a `replica`: old events that it may skip. */
  recent?: Recent;
  keepDeadLetter(letter: DeadLetter): Promise<boolean>;
  onClose(): Promise<void>;
}

/**
 * NestJS transport strategy that feeds `@EventPattern` handlers from Kafka. A crashed consumer is replaced,
 * without a limit. A replica then continues at its position in memory, a group at its committed offsets.
 */
export class KafkaEventServer extends Server implements CustomTransportStrategy, EventConsumer {
  override readonly transportId = Symbol('kafka-events');
  private readonly delivery: Delivery;
  private readonly cluster: KafkaCluster;
  private readonly groupId: string;
  private readonly over = new Wakeup();
  private readonly catchingUp = new Set<{ extents: Extents; done: () => void }>();
  private readonly extents = new Coalesced(() => this.measure());
  private readonly positions: Offsets = new Map();
  private startExtents: Extents | undefined;
  private latest: Extents | undefined;
  private beginsAnew = false;
  /** Offsets at which the group continues, because its committed offsets were ahead of its database. */
  private back: Offsets = new Map();
  private isFollowing = false;
  private hasCaughtUp = false;
  private stopped = false;
  private loops: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: KafkaEventServerOptions) {
    super();
    const { consumer, kafka, settings } = options;
    this.groupId = `${settings.KAFKA_TOPIC_PREFIX}${consumer}`;
    this.cluster = new KafkaCluster(kafka, settings);
    this.delivery = new Delivery({
      consumer,
      handlerOf: (topic) => this.getHandlerByPattern(topic),
      publicKeys: options.publicKeys,
      keepDeadLetter: (letter) => options.keepDeadLetter(letter),
      canApply: options.canApply ?? (() => Promise.resolve(true)),
      logger: this.logger,
    });
  }

  listen(callback: () => void): void {
    countDeadLettersOf(this.getHandlers().keys());
    this.loops = Promise.all([this.consume(), this.look()]);
    callback();
  }

  override async close(): Promise<void> {
    this.stopped = true;
    this.delivery.stop();
    this.over.wake();
    await this.loops;
    await this.options.applied?.close();
    await this.cluster.close();
    await this.options.onClose();
  }

  get isCaughtUp(): boolean {
    return (this.hasCaughtUp ||= this.startExtents !== undefined && this.hasReached(this.startExtents));
  }

  async waitUntilCaughtUp(timeout: number): Promise<boolean> {
    let waiter: { extents: Extents; done: () => void } | undefined;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeout);
    });
    const caughtUp = async () => {
      const extents = await this.extents.ask();
      if (this.hasReached(extents)) return true;
      return new Promise<true>((resolve) => {
        waiter = { extents, done: () => resolve(true) };
        this.catchingUp.add(waiter);
        if (this.options.mode === 'group') void this.followGroup();
      });
    };
    try {
      return await Promise.race([caughtUp(), tooLate]);
    } finally {
      clearTimeout(timer);
      if (waiter) this.catchingUp.delete(waiter);
    }
  }

  override unwrap<T>(): T {
    return this.options.kafka as T;
  }

  override on(): void {
    throw new Error('this transport emits no events to listen to');
  }

  private get topics(): string[] {
    return [...this.getHandlers().keys()].map((type) => this.topicOf(type));
  }

  private topicOf(type: string): string {
    return `${this.options.settings.KAFKA_TOPIC_PREFIX}${type}`;
  }

  private async consume(): Promise<void> {
    for (let pause = 100; !this.stopped; pause = Math.min(pause * 2, 5000)) {
      const startedAt = Date.now();
      try {
        await this.cluster.ensureTopics(this.logger);
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
    const isReplica = this.options.mode === 'replica';
    // Each consumer of a replica has a new group that commits nothing. A new consumer need not wait for the
    // end of the old session.
    const groupId = isReplica ? `${this.groupId}.${randomUUID()}` : this.groupId;
    const consumer = this.options.kafka.consumer({
      groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: 1000,
      rebalanceTimeout: 15_000,
      // Maximum time that the broker holds a fetch without events; it answers new events at once.
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: false,
      // The second assigner serves rolling deploys with replicas that know only round robin.
      partitionAssigners: [bySubscription, kafkajs.PartitionAssigners.roundRobin],
      retry: { initialRetryTime: 100, retries: 4, maxRetryTime: 2000, restartOnFailure: async () => false },
    });
    this.beginsAnew = false;
    if (isReplica) await this.passOver();
    else this.back = (await this.offsetsAhead()) ?? new Map();
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
        autoCommit: !isReplica,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 4,
        eachBatch: (payload) => this.applyBatch(payload),
      });
      for (let ticket = this.over.ticket(); !this.stopped && !this.beginsAnew; ticket = this.over.ticket()) {
        if (crash) throw crash;
        await this.over.wait(ticket, 1000);
      }
    } finally {
      await consumer.disconnect().catch(() => undefined);
      const forgotten = isReplica && this.cluster.forgetGroup(groupId).catch(() => undefined);
      if (this.stopped) await forgotten;
    }
  }

  /** Skips old events of the `recent` topics where the replica has not begun to read. */
  private async passOver(): Promise<void> {
    const { recent } = this.options;
    if (!recent) return;
    const topics = recent.topics.map((type) => this.topicOf(type));
    const since = Date.now() - recent.seconds * 1000;
    for (const [name, offset] of await this.cluster.since(topics, since)) this.advance(name, offset);
  }

  /**
   * Compares the group's committed offsets with the positions in the service's database.
   * @returns the offsets to continue at when the group is ahead, that is when the database was restored
   */
  private async offsetsAhead(): Promise<Offsets | undefined> {
    const { applied, consumer } = this.options;
    if (!applied) return undefined;
    const committed = await this.cluster.committed(this.groupId, this.topics);
    const back = await applied.setBack(await this.cluster.identity(), committed);
    if (!back) return undefined;
    this.logger.error(
      `the offsets of ${consumer} lie ahead of its database, which was restored: reading again from there`,
    );
    return new Map([...back].filter(([name, offset]) => offset !== committed.get(name)));
  }

  /**
   * A replica's group commits nothing, so after a rebalance or a crash the replica continues at its position
   * in memory.
   */
  private seekWhereWeWere(consumer: Consumer, assignment: Record<string, number[]>): void {
    const positions = this.options.mode === 'group' ? this.back : this.positions;
    for (const [topic, partitions] of Object.entries(assignment))
      for (const partition of partitions) {
        const name = partitionName(topic, partition);
        const position = positions.get(name);
        if (this.options.mode === 'group') this.back.delete(name);
        if (position !== undefined) consumer.seek({ topic, partition, offset: String(position) });
      }
  }

  private async applyBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, heartbeat, isRunning, isStale } = payload;
    const type = batch.topic.slice(this.options.settings.KAFKA_TOPIC_PREFIX.length);
    const name = partitionName(batch.topic, batch.partition);
    // A handler that waits for its database must not lose the group membership.
    const beat = setInterval(() => void heartbeat().catch(() => undefined), 1000);
    let reached: string | undefined;
    try {
      for (const message of batch.messages) {
        if (!isRunning() || isStale() || this.stopped || this.beginsAnew) return;
        if (message.value !== null) await this.deliver(type, message, `${batch.partition}/${message.offset}`);
        reached = message.offset;
        this.advance(name, BigInt(message.offset) + 1n);
      }
    } catch (error) {
      if (!(error instanceof DeliveryStopped)) throw error;
    } finally {
      clearInterval(beat);
      if (reached !== undefined) {
        // Save to the service's database before the commit: a committed offset ahead of the database then
        // means that the database was restored.
        const applied = new Map([[name, BigInt(reached) + 1n]]);
        await this.options.applied?.save(await this.cluster.identity(), applied);
        resolveOffset(reached);
      }
    }
  }

  private async deliver(type: string, message: KafkaMessage, origin: string): Promise<void> {
    const key = message.key?.toString('utf8') ?? null;
    const text = message.value?.toString('utf8') ?? '';
    try {
      await this.delivery.deliver(type, key, contentOf(text), origin);
    } catch (error) {
      // The event is nested too deeply for JSON.stringify, which a dead letter needs. It is put aside as its
      // original text.
      if (!(error instanceof RangeError)) throw error;
      await this.delivery.deliver(type, key, text, origin);
    }
  }

  /** Measures the ends of the topics and the group's offsets, for readiness and the lag metric. */
  private async look(): Promise<void> {
    while (!this.stopped) {
      const ticket = this.over.ticket();
      try {
        if (this.options.mode === 'group') {
          await this.readCommitted();
          if (this.isCaughtUp && (await this.offsetsAhead())) this.joinAnew();
        }
        const extents = await this.extents.ask();
        this.startExtents ??= extents;
        eventMetrics.logUp.set(1);
        let lag = 0n;
        for (const [name, { low, high }] of extents) lag += max(0n, high - max(low, this.positionOf(name)));
        eventMetrics.lag.set(Number(lag));
      } catch (error) {
        eventMetrics.logUp.set(0);
        if (!this.stopped)
          this.logger.warn(`the state of the topics is unknown: ${(error as Error).message}`);
      }
      await this.over.wait(ticket, this.isCaughtUp ? lookInterval.running : lookInterval.starting);
    }
  }

  /**
   * The current extents of the topics. A log never shrinks: an end before the read position means another
   * log.
   */
  private async measure(): Promise<Extents> {
    const before = new Map(this.positions);
    const extents = await this.cluster.extents(this.topics);
    const shrunk = [...before].filter(([name, position]) => position > (extents.get(name)?.high ?? 0n));
    if (shrunk.length > 0) this.beginAnew(shrunk.map(([name]) => name));
    return (this.latest = extents);
  }

  /**
   * Discards all positions and reads the new log from its beginning. (A group's offsets are deleted with
   * their topic; a replica has none.) Applied events stay applied, because events only ever add knowledge.
   */
  private beginAnew(shrunk: readonly string[]): void {
    this.logger.warn(
      `the log was replaced (it ends before the position that was read in ${shrunk.join(', ')}): reading all of it`,
    );
    eventMetrics.logResets.inc();
    this.positions.clear();
    if (!this.hasCaughtUp) this.startExtents = undefined;
    this.beginsAnew = true;
    this.over.wake();
  }

  /** Joins the group again, which sets the group back (see {@link offsetsAhead}). */
  private joinAnew(): void {
    this.positions.clear();
    this.beginsAnew = true;
    this.over.wake();
  }

  /**
   * Polls the committed offsets to learn of events that other members have applied. One loop serves all
   * waiting callers.
   */
  private async followGroup(): Promise<void> {
    if (this.isFollowing) return;
    this.isFollowing = true;
    while (this.catchingUp.size > 0 && !this.stopped) {
      await this.readCommitted().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, committedInterval));
    }
    this.isFollowing = false;
  }

  /** Ignores offsets beyond the end of the log: they were committed in another log. */
  private async readCommitted(): Promise<void> {
    const committed = await this.cluster.committed(this.groupId, this.topics);
    const isBeyond = (name: string, offset: bigint) => offset > (this.latest?.get(name)?.high ?? 0n);
    if ([...committed].some(([name, offset]) => isBeyond(name, offset))) await this.extents.ask();
    for (const [name, offset] of committed) if (!isBeyond(name, offset)) this.advance(name, offset);
  }

  private advance(name: string, position: bigint): void {
    if (position <= this.positionOf(name) || this.beginsAnew) return;
    this.positions.set(name, position);
    for (const waiter of this.catchingUp)
      if (this.hasReached(waiter.extents)) {
        this.catchingUp.delete(waiter);
        waiter.done();
      }
  }

  private positionOf(name: string): bigint {
    return this.positions.get(name) ?? 0n;
  }

  private hasReached(extents: Extents): boolean {
    for (const [name, { low, high }] of extents) if (low < high && this.positionOf(name) < high) return false;
    return true;
  }
}

function contentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
