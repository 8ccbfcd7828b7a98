import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { Delivery, DeliveryStopped } from '../delivery/delivery.js';
import { Coalesced } from '../coalesced.js';
import { countDeadLettersOf, eventMetrics } from '../metrics.js';
import type { EventConsumer, Recent } from '../publisher.js';
import { reasonOf } from '../reason.js';
import { Wakeup } from '../wakeup.js';
import type { ServicePublicKeys } from '../signatures/service-keys.js';
import { commitPositions, least, positionsOf, type GroupRow } from './group-positions.js';
import { quietState } from './quiet-group.js';
import { runsOf } from './runs.js';
import { PostgresDeadLetters } from './dead-letters.js';
import { endSession, openSession } from './session.js';
import type { AppliedPositions } from '../delivery/applied-positions.js';
import { compactionAge } from './log-retention.js';
import { logChannel, type LogState, type PostgresEventLog } from './log.js';

const batchSize = 500;
const pollInterval = 1000;
const catchUpInterval = 20;
/** Milliseconds in which a group gathers events for one transaction. A caller that cannot wait catches up. */
const gatherTime = 50;
const compactionInterval = 5 * 60_000;
/**
 * Milliseconds between two checks that the service's database still holds the events applied by this group.
 */
const appliedCheckInterval = 2000;

export interface PostgresEventServerOptions {
  log: PostgresEventLog;
  publicKeys: ServicePublicKeys;
  /** Name of the service; its consumer group is named after it. */
  consumer: string;
  /**
   * `group`: one replica of the service applies each event; the position is kept in the log's database.
   * `replica`: each process applies every event from the beginning of the (compacted) log, for models in
   * memory.
   */
  mode: 'group' | 'replica';
  /** Whether the service's own database accepts writes now. */
  canApply?: () => Promise<boolean>;
  /** For a `group`: positions of the events that the service's own database holds. */
  applied?: AppliedPositions;
  /** For a `replica`: old events that it may skip. */
  recent?: Recent;
}

/**
 * NestJS transport strategy that feeds `@EventPattern` handlers from the PostgreSQL log. NOTIFY wakes it, and
 * polling finds the events when a NOTIFY is lost. A position is committed only after the handlers of all
 * earlier events have finished.
 */
export class PostgresEventServer extends Server implements CustomTransportStrategy, EventConsumer {
  override readonly transportId = Symbol('postgres-events');
  private readonly wakeup = new Wakeup();
  private readonly hurry = new Wakeup();
  private readonly delivery: Delivery;
  private readonly head = new Coalesced(() => this.options.log.state());
  private readonly catchingUp = new Set<{ head: bigint; done: () => void }>();
  private position = 0n;
  /** Identity of the log that {@link position} belongs to; undefined before the first reading. */
  private identity: string | undefined;
  /** Number of times the log was replaced. A position read before that belongs to an earlier log. */
  private logsBegun = 0;
  private appliedCheckedAt = -Infinity;
  private startHead: bigint | undefined;
  /** Events that a replica skips; unknown until its first reading. */
  private old: { topics: readonly string[]; upTo: bigint } | undefined;
  private stopped = false;
  private hasGroup = false;
  /** Whether a NOTIFY has named a topic of this group since its last step. */
  private isHinted = false;
  private compaction: NodeJS.Timeout | undefined;
  private loops: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: PostgresEventServerOptions) {
    super();
    const deadLetters = new PostgresDeadLetters(options.log);
    this.delivery = new Delivery({
      consumer: options.consumer,
      handlerOf: (topic) => this.getHandlers().get(topic) ?? null,
      publicKeys: options.publicKeys,
      keepDeadLetter: (letter) => deadLetters.keep(letter),
      canApply: options.canApply ?? (() => Promise.resolve(true)),
      logger: this.logger,
    });
  }

  listen(callback: () => void): void {
    countDeadLettersOf(this.topics);
    this.loops = Promise.all([this.listenForHints(), this.consume()]);
    this.compaction = setInterval(() => void this.compact(), compactionInterval);
    this.compaction.unref();
    callback();
  }

  override async close(): Promise<void> {
    clearInterval(this.compaction);
    this.stopped = true;
    this.delivery.stop();
    this.wakeup.wake();
    this.hurry.wake();
    await this.loops;
    await this.options.applied?.close();
    await this.options.log.close();
  }

  get isCaughtUp(): boolean {
    return this.startHead !== undefined && this.position >= this.startHead;
  }

  async waitUntilCaughtUp(timeout: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let waiter: { head: bigint; done: () => void } | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeout);
    });
    const caughtUp = async () => {
      const [before, begun] = [this.position, this.logsBegun];
      const state = await this.head.ask();
      // The position belongs to an earlier log when the new log was noticed, and perhaps read, meanwhile.
      if (begun === this.logsBegun) this.beginAnewIf(this.isAnother(state, before), state);
      if (this.position >= state.head) return true;
      this.wakeup.wake();
      return new Promise<true>((resolve) => {
        waiter = { head: state.head, done: () => resolve(true) };
        this.catchingUp.add(waiter);
        this.hurry.wake();
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
    return this.options.log as T;
  }

  override on(): void {
    throw new Error('this transport emits no events');
  }

  /** Keeps a session that listens for NOTIFY. While the session is broken, polling continues. */
  private async listenForHints(): Promise<void> {
    const over = new Wakeup();
    while (!this.stopped) {
      const client = openSession(this.options.log.databaseUrl, 'event-hints');
      const ended = over.ticket();
      client.on('error', () => over.wake());
      client.on('end', () => over.wake());
      client.on('notification', ({ payload }) => {
        if (!this.concerns(payload)) return;
        this.isHinted = true;
        this.wakeup.wake();
      });
      try {
        await client.connect();
        await client.query(`LISTEN ${logChannel}`);
        this.wakeup.wake();
        while (!this.stopped && over.ticket() === ended) await over.wait(ended, 250);
      } catch {
        await over.sleep(500);
      } finally {
        await endSession(client);
      }
    }
  }

  private async consume(): Promise<void> {
    for (let pause = 50; !this.stopped;) {
      const ticket = this.wakeup.ticket();
      try {
        const more = await this.options.log.withTables(() => this.step());
        eventMetrics.logUp.set(1);
        pause = 50;
        if (more) continue;
        // No NOTIFY announces the commit of another replica, so a waiting caller needs faster polling.
        await this.wakeup.wait(ticket, this.catchingUp.size > 0 ? catchUpInterval : pollInterval);
        await this.gather();
      } catch (error) {
        if (this.stopped || error instanceof DeliveryStopped) return;
        eventMetrics.logUp.set(0);
        this.logger.warn(`reading events failed, next try in ${pause} ms: ${reasonOf(error)}`);
        await this.wakeup.sleep(pause);
        pause = Math.min(pause * 2, 5000);
      }
    }
  }

  /**
   * A group's transaction costs the same for one event as for fifty, so a group waits for more. A replica
   * does not wait: the bound on revocation rests on its memory.
   */
  private async gather(): Promise<void> {
    if (this.options.mode === 'replica' || this.stopped || this.catchingUp.size > 0) return;
    await this.hurry.sleep(gatherTime);
  }

  private get topics(): string[] {
    return [...this.getHandlers().keys()];
  }

  /** @param hint the topics of the appended events */
  private concerns(hint = ''): boolean {
    return hint === '' || hint.split(' ').some((topic) => this.getHandlers().has(topic));
  }

  private step(): Promise<boolean> {
    return this.options.mode === 'group' ? this.stepOfGroup() : this.stepOfReplica();
  }

  /** @returns whether more rows may follow */
  private async stepOfReplica(): Promise<boolean> {
    const { log } = this.options;
    const [before, begun] = [this.position, this.logsBegun];
    this.old ??= await this.passedOver();
    const { rows, ...state } = await log.read(log.pool, before, this.topics, batchSize, this.old);
    const { head } = state;
    this.startHead ??= head;
    if (begun !== this.logsBegun || this.beginAnewIf(this.isAnother(state, before), state)) return true;
    for (const row of rows) {
      await this.delivery.deliver(row.topic, row.key, row.event, row.position);
      this.advance(BigInt(row.position), head);
    }
    if (rows.length < batchSize) this.advance(head, head);
    return rows.length === batchSize;
  }

  private async passedOver() {
    const { log, recent } = this.options;
    if (!recent) return { topics: [], upTo: 0n };
    return { topics: recent.topics, upTo: await log.positionBefore(recent.seconds) };
  }

  /**
   * Like {@link stepOfReplica}, but the positions are in a row that stays locked while events are applied.
   * Each topic has its own position, so a replica of an earlier version does not move past events of a topic
   * that it does not handle.
   */
  private async stepOfGroup(): Promise<boolean> {
    if (!this.isHinted && (await this.isQuiet())) return false;
    this.isHinted = false;
    const { log, consumer } = this.options;
    const client = await log.pool.connect();
    try {
      if (!this.hasGroup) {
        await client.query('INSERT INTO consumer_group (name) VALUES ($1) ON CONFLICT DO NOTHING', [
          consumer,
        ]);
        this.hasGroup = true;
      }
      const [, { rows: groups }] = await Promise.all([
        client.query('BEGIN'),
        client.query<GroupRow>(
          'SELECT position, positions FROM consumer_group WHERE name = $1 FOR UPDATE SKIP LOCKED',
          [consumer],
        ),
      ]);
      const group = groups[0];
      if (!group) {
        await client.query('ROLLBACK');
        await this.followOtherReplica();
        return false;
      }
      const before = positionsOf(group, this.topics);
      const start = least(before);
      const { rows, ...state } = await log.read(client, start, this.topics, batchSize);
      const { head } = state;
      this.startHead ??= head;
      this.beginAnewIf(this.isAnother(state, this.position), state);
      const back = await this.setBack(before, state);
      if (back) {
        this.position = 0n;
        await commitPositions(client, consumer, back);
        return true;
      }
      this.advance(start, head);
      if (head <= start) {
        await client.query('ROLLBACK');
        return false;
      }
      let reached = start;
      let failure: unknown;
      try {
        for (const run of runsOf(rows)) {
          const due = run.filter(({ topic, position }) => BigInt(position) > (before.get(topic) ?? 0n));
          await this.delivery.deliverAll(due);
          reached = BigInt(run.at(-1)!.position);
        }
        if (rows.length < batchSize) reached = head;
      } catch (error) {
        failure = error;
      }
      const after = new Map(
        [...before].map(([topic, position]) => [topic, position > reached ? position : reached]),
      );
      // Save to the service's database before the commit: a group position ahead of the database then means
      // that the database was restored.
      await this.options.applied?.save(state.identity, after);
      await commitPositions(client, consumer, after);
      this.advance(reached, head);
      if (failure) throw failure;
      return rows.length === batchSize;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Whether the log has nothing for this group. The position in memory then moves to its end. */
  private async isQuiet(): Promise<boolean> {
    const quiet = await quietState(this.options.log, this.options.consumer, this.topics);
    if (!quiet || this.isAnother(quiet, this.position)) return false;
    if (performance.now() - this.appliedCheckedAt >= appliedCheckInterval) {
      if (await this.options.applied?.setBack(quiet.identity, quiet.stored)) return false;
      this.appliedCheckedAt = performance.now();
    }
    this.startHead ??= quiet.head;
    this.advance(quiet.head, quiet.head);
    return true;
  }

  /**
   * The positions to continue at when the group is ahead of the log or of the service's database, that is
   * when one of them was restored. Handlers are idempotent, so a position too far back only costs time.
   * @returns undefined when the group's positions are correct
   */
  private async setBack(
    group: ReadonlyMap<string, bigint>,
    { head, identity }: LogState,
  ): Promise<Map<string, bigint> | undefined> {
    if ([...group.values()].some((position) => position > head))
      return new Map([...group].map(([topic]) => [topic, 0n]));
    const back = await this.options.applied?.setBack(identity, group);
    if (back)
      this.logger.error(
        `the position of ${this.options.consumer} in the log lies ahead of its database, which was restored: reading again from there`,
      );
    return back;
  }

  /**
   * Another replica holds the group. Its committed position is this replica's position, too, because they
   * share a database.
   */
  private async followOtherReplica(): Promise<void> {
    const [before, begun] = [this.position, this.logsBegun];
    const state = await this.options.log.state();
    const { head } = state;
    this.startHead ??= head;
    if (begun === this.logsBegun) this.beginAnewIf(this.isAnother(state, before), state);
    const { rows } = await this.options.log.pool.query<GroupRow>(
      'SELECT position, positions FROM consumer_group WHERE name = $1',
      [this.options.consumer],
    );
    this.advance(rows[0] ? least(positionsOf(rows[0], this.topics)) : 0n, head);
  }

  /**
   * A log never shrinks and keeps its identity. Otherwise it was restored or replaced, and its positions have
   * another meaning.
   */
  private isAnother({ head, identity }: LogState, position: bigint): boolean {
    this.identity ??= identity;
    return head < position || identity !== this.identity;
  }

  private beginAnewIf(isAnother: boolean, { head, identity }: LogState): boolean {
    if (!isAnother) return false;
    this.logger.warn(
      `the log was replaced (it is another one, or has lost its end ${this.position}): reading all of it`,
    );
    this.identity = identity;
    this.logsBegun += 1;
    eventMetrics.logResets.inc();
    this.position = 0n;
    this.old = undefined;
    this.startHead = head;
    this.hasGroup = false;
    return true;
  }

  private async compact(): Promise<void> {
    await this.options.log
      .compact(compactionAge)
      .catch((error: unknown) => this.logger.warn(`compacting the event log failed: ${reasonOf(error)}`));
  }

  private advance(position: bigint, head: bigint): void {
    if (position > this.position) this.position = position;
    eventMetrics.lag.set(Number(head - this.position));
    for (const waiter of this.catchingUp) if (waiter.head <= this.position) waiter.done();
  }
}
