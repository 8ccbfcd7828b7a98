import {
  factFeeds,
  factsAnswer,
  factsPath,
  type Fact,
  type FactOwner,
  type FactsAnswer,
  type FactsQuery,
} from '@payer/smart';
import { z } from 'zod';
import { Coalesced } from '../coalesced.js';
import { eventMetrics } from '../metrics.js';
import type { EventLogger } from '../publisher.js';
import { reasonOf } from '../reason.js';
import { Wakeup } from '../wakeup.js';
import type { FactPosition, FactPositions } from './fact-position.js';
import { SteadyClock } from './steady-clock.js';

/** Timeout of the request for one page, in milliseconds. */
const requestTimeout = 5000;
/** Milliseconds after a failure in which no request makes the reader ask again. */
const failurePause = 500;
/** Milliseconds until the reader asks again by itself: a replica that starts waits for its owners. */
const startPause = 150;
/** The same after the first complete reading: the owner is away, and every replica asks it. */
const longestPause = 1000;

/** A complete reading of a feed from its start, because the owner's database has changed its identity. */
export interface Rereading {
  /** Keys of all facts that the owner now has. */
  keys: ReadonlySet<string>;
}

export interface FactFeedOptions<Owner extends FactOwner = FactOwner> {
  owner: Owner;
  /** Base URL of the owner, without a trailing slash. */
  url: string;
  /** Milliseconds between two readings. */
  interval: number;
  /** Seconds: the reader needs no facts older than this when it starts. Absent: it reads all facts. */
  recent?: number;
  /** Applies a fact. Applying the same or an older version again changes nothing. */
  apply(fact: Fact<Owner>): Promise<void> | void;
  /** Called after a complete rereading of a feed and before the reading counts. */
  onReread?(rereading: Rereading): Promise<void> | void;
  /** Stores the position; kept in memory when absent. */
  positions?: FactPositions;
  logger: EventLogger;
  /** Authenticates as this service, and accepts only answers signed by the owner. */
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
}

/**
 * Polls the feed of one owner. A finished reading includes every fact that the owner had committed when the
 * reading's request was SENT. So the age of the knowledge counts from the sending of the last complete
 * reading.
 */
export class FactFeed<Owner extends FactOwner = FactOwner> {
  private readonly wakeup = new Wakeup();
  private readonly reading = new Coalesced(() => this.read());
  private readonly clock = new SteadyClock();
  private position: FactPosition | undefined;
  private isLoaded = false;
  /** Counts the restores of the database that the facts are applied to. */
  private generation = 0;
  private sentAt: number | undefined;
  private finished = 0;
  private restoredAt = -Infinity;
  private failedAt = -Infinity;
  /** Why the last reading failed; undefined after one that did not. */
  private failure: string | undefined;
  private stopped = false;
  private loop: Promise<void> | undefined;

  constructor(private readonly options: FactFeedOptions<Owner>) {
    // Publishes the counters at 0. Alerts use the increase, and a series that begins at 1 shows no increase.
    for (const counter of [eventMetrics.factsRefused, eventMetrics.ownerRestores])
      counter.inc({ owner: options.owner }, 0);
  }

  get owner(): Owner {
    return this.options.owner;
  }

  /** Seconds since the request of the last complete reading was sent; undefined before the first one. */
  get age(): number | undefined {
    return this.sentAt === undefined ? undefined : (this.clock.now() - this.sentAt) / 1000;
  }

  /** Number of complete readings so far. */
  get readings(): number {
    return this.finished;
  }

  /**
   * Seconds since the owner's database was restored, as far as this reader knows; Infinity when it never was.
   */
  get restoredAge(): number {
    return (performance.now() - this.restoredAt) / 1000;
  }

  /**
   * Discards the position and the age after a restore of the database that the facts are applied to.
   * Knowledge counts again after a reading from the position in the restored database.
   */
  forget(): void {
    this.generation += 1;
    this.isLoaded = false;
    this.position = undefined;
    this.sentAt = undefined;
    this.wakeup.wake();
  }

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeup.wake();
    await this.loop;
  }

  /**
   * Reads everything that the owner has committed by now. Concurrent calls share one reading.
   * @param timeout milliseconds
   * @returns false when the owner did not answer in time
   */
  async readNow(timeout: number): Promise<boolean> {
    if (this.stopped || performance.now() - this.failedAt < failurePause) return false;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeout);
    });
    try {
      return await Promise.race([
        this.reading.ask().then(
          () => true,
          () => false,
        ),
        tooLate,
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      const ticket = this.wakeup.ticket();
      const isRead = await this.reading.ask().then(
        () => true,
        () => false,
      );
      await this.wakeup.wait(ticket, isRead ? this.options.interval : this.pauseAfterFailure);
    }
  }

  private get pauseAfterFailure(): number {
    return Math.min(this.finished === 0 ? startPause : longestPause, this.options.interval);
  }

  private async read(): Promise<void> {
    const { owner, logger } = this.options;
    try {
      const sentAt = this.clock.now();
      const { generation } = this;
      const position = await this.readFeed();
      if (generation !== this.generation) throw new Error('the database was restored during the reading');
      this.position = position;
      this.sentAt = sentAt;
      this.finished += 1;
      if (this.failure !== undefined) logger.log(`${owner} answers again: its facts are known`);
      this.failure = undefined;
      eventMetrics.factReadings.inc({ owner, outcome: 'read' });
    } catch (error) {
      this.failedAt = performance.now();
      eventMetrics.factReadings.inc({ owner, outcome: 'failed' });
      const reason = reasonOf(error);
      if (!this.stopped && reason !== this.failure)
        logger.warn(`the facts of ${owner} cannot be read: ${reason}`);
      this.failure = reason;
      throw error;
    }
  }

  private async readFeed(): Promise<FactPosition> {
    const { owner, positions, onReread, logger } = this.options;
    if (!this.isLoaded) {
      const { generation } = this;
      const position = await positions?.load(owner);
      // A position from before a restore lies ahead of the facts that the restored database holds.
      if (generation !== this.generation) throw new Error('the database was restored during the reading');
      this.position = position;
      this.isLoaded = true;
    }
    const known = this.position;
    let first = await this.ask(known ? { after: known.cursor } : this.fromBeginning());
    const isAnother = known !== undefined && isAnotherDatabase(known, first);
    if (isAnother) {
      logger.warn(`the database of ${owner} was replaced or restored: reading all of its facts`);
      first = await this.ask(this.fromBeginning());
    }
    const keys = new Set<string>();
    let count = 0;
    for (let answer = first; ;) {
      count += await this.applyAll(answer.facts, keys);
      if (answer.next === null) break;
      const before = answer;
      answer = await this.ask({
        ...(known && !isAnother ? { after: known.cursor } : this.fromBeginning()),
        page: answer.next,
      });
      if (isAnotherDatabase(before, answer))
        throw new Error(`the database of ${owner} was replaced during the reading`);
    }
    if (isAnother) {
      await onReread?.({ keys });
      this.restoredAt = performance.now();
      eventMetrics.ownerRestores.inc({ owner });
    }
    if (first.restored_seconds_ago !== null)
      this.restoredAt = Math.max(this.restoredAt, performance.now() - first.restored_seconds_ago * 1000);
    const position = { identity: first.identity, cursor: first.cursor };
    if (count > 0 || !known || isAnother) await positions?.save(owner, position);
    return position;
  }

  private fromBeginning(): Partial<FactsQuery> {
    return this.options.recent === undefined ? {} : { recent: this.options.recent };
  }

  private async applyAll(facts: readonly unknown[], keys: Set<string>): Promise<number> {
    const { owner, apply } = this.options;
    const { fact: contract, key } = factFeeds[owner];
    for (const raw of facts) {
      const fact = contract.safeParse(raw);
      // The invalid fact may be a revocation. So the reading does not count, and requests that depend on the
      // owner are refused.
      if (!fact.success) {
        eventMetrics.factsRefused.inc({ owner });
        throw new Error(`a fact of ${owner} breaks its contract: ${z.prettifyError(fact.error)}`);
      }
      keys.add(String((fact.data as Record<string, unknown>)[key]));
      await apply(fact.data as Fact<Owner>);
    }
    return facts.length;
  }

  private async ask(query: Partial<FactsQuery>): Promise<FactsAnswer> {
    const { url, owner } = this.options;
    const parameters = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const search = parameters.size > 0 ? `?${parameters}` : '';
    const response = await this.options.fetch(`${url}${factsPath}${search}`, {
      signal: AbortSignal.timeout(requestTimeout),
    });
    if (response.status !== 200) throw new Error(`${owner} answered ${response.status}`);
    return factsAnswer.parse(await response.json());
  }
}

/**
 * Whether the answer comes from another database than the position before. The oldest running transaction of
 * a database never goes back. A lower one means an earlier copy, even under the same identity.
 */
function isAnotherDatabase(before: FactPosition, answer: FactPosition): boolean {
  return answer.identity !== before.identity || BigInt(answer.cursor) < BigInt(before.cursor);
}
