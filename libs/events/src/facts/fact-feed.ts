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

/** Milliseconds for one page. */
const requestTimeout = 5000;
/** Milliseconds in which an owner that failed to answer is not asked again. */
const failurePause = 500;

/** A whole reading of a feed that has begun anew: the owner's database is not the one that was read before. */
export interface Rereading {
  /** Keys of all facts that the owner has now. */
  keys: ReadonlySet<string>;
}

export interface FactFeedOptions<Owner extends FactOwner = FactOwner> {
  owner: Owner;
  /** Where the owner answers from here, without a trailing slash. */
  url: string;
  /** Milliseconds between two readings. */
  interval: number;
  /** Seconds: a reader that starts needs no facts that are older. All are read when absent. */
  recent?: number;
  /** Takes a fact; the same one, or an older one, changes nothing. */
  apply(fact: Fact<Owner>): Promise<void> | void;
  /** Called when all of a feed was read that has begun anew, before the reading counts. */
  onReread?(rereading: Rereading): Promise<void> | void;
  /** Where the position is kept; in memory when absent. */
  positions?: FactPositions;
  logger: EventLogger;
  /** Asks the owner as this service, and answers only what the owner itself has said. */
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
}

/**
 * Reads the feed of one owner, again and again. What the owner had committed when a reading was SENT is known here when
 * the reading is over, so knowledge is as old as the last request that was answered whole.
 */
export class FactFeed<Owner extends FactOwner = FactOwner> {
  private readonly wakeup = new Wakeup();
  private readonly reading = new Coalesced(() => this.read());
  private readonly clock = new SteadyClock();
  private position: FactPosition | undefined;
  private isLoaded = false;
  /** Counts how often the database that the facts are applied to was restored. */
  private generation = 0;
  private sentAt: number | undefined;
  private restoredAt = -Infinity;
  private failedAt = -Infinity;
  /** Why the last reading failed; undefined after one that did not. */
  private failure: string | undefined;
  private stopped = false;
  private loop: Promise<void> | undefined;

  constructor(private readonly options: FactFeedOptions<Owner>) {
    // From 0 on: an alarm looks at the increase, which a series that begins with 1 does not show.
    for (const counter of [eventMetrics.factsRefused, eventMetrics.ownerRestores])
      counter.inc({ owner: options.owner }, 0);
  }

  get owner(): Owner {
    return this.options.owner;
  }

  /** Seconds since the owner was asked for what is known here; undefined before the first answer. */
  get age(): number | undefined {
    return this.sentAt === undefined ? undefined : (this.clock.now() - this.sentAt) / 1000;
  }

  /** Seconds since the owner's database was restored, as far as this reader knows; Infinity when never. */
  get restoredAge(): number {
    return (performance.now() - this.restoredAt) / 1000;
  }

  /**
   * The database that the facts are applied to was restored: nothing is known here before the feed has been read
   * again, from the position that the restored database has.
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
   * Learns all that the owner has committed by now. Requests at the same time share one reading.
   * @param timeout milliseconds
   * @returns false when the owner gave no answer in time
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
      await this.wakeup.wait(ticket, isRead ? this.options.interval : Math.min(1000, this.options.interval));
    }
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
    if (!this.isLoaded) this.position = await positions?.load(owner);
    this.isLoaded = true;
    const known = this.position;
    let first = await this.ask(known ? { after: known.cursor } : this.fromBeginning());
    const isAnother = known !== undefined && isAnotherDatabase(known, first);
    if (isAnother) {
      logger.warn(`the database of ${owner} is another one than before: reading all of its facts`);
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
      // It may be an end: a reading without it does not count, and what depends on the owner is refused.
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
      Object.entries(query).map(([name, value]) => [name, String(value)]),
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
 * Whether an answer comes from another database than the one before. The oldest running transaction of a database never
 * falls back: one that does is a copy of earlier, even under the same name.
 */
function isAnotherDatabase(before: FactPosition, answer: FactPosition): boolean {
  return answer.identity !== before.identity || BigInt(answer.cursor) < BigInt(before.cursor);
}
