import type { Client } from 'pg';
import type { JournalEntry, JournaledEvent } from '../journal/entry.js';
import { JournalReader } from '../journal/reader.js';
import { JournalVanished, JournalWriter } from '../journal/writer.js';
import { eventMetrics } from '../metrics.js';
import type { EventPublisher } from '../publisher.js';
import { reasonOf } from '../reason.js';
import { ensureRecovered, inTransaction, type RecoveryOptions } from './recovery.js';
import { nextFacts } from './next-facts.js';
import { queryRows } from './queries.js';
import { outboxColumns } from '../outbox/outbox.js';

/** Facts republished in one transaction, so that new events never wait behind more than these. */
const republishBatch = 500;
/**
 * Milliseconds after which the state of the log is remembered again, although this service has published
 * nothing. Compaction may remove the remembered event after two hours.
 */
const rememberInterval = 10 * 60_000;
/** Milliseconds between two attempts to write to a failing journal. */
const retryPause = 1000;

/**
 * Writes the facts that a relay publishes to the journal, too, and republishes all facts on request. Only one
 * relay leads, so only one process writes for a database. Its entry numbers continue the numbers of the
 * previous leader.
 */
export class FactKeeper {
  private writer: JournalWriter | undefined;
  /** Counts the relay's connections. Writes begun under an earlier connection no longer count. */
  private generation = 0;
  private database = '';
  private last = 0;
  /** Events that are in the journal and still in the outbox, with their entry numbers. */
  private readonly kept = new Map<string, number>();
  private queue: JournaledEvent[] = [];
  /** Ids of events that are queued or being written. */
  private readonly writing = new Set<string>();
  private flushing: Promise<void> | undefined;
  private isFailing = false;
  private isClosed = false;
  private mayHaveFacts = true;
  /** Time of the last write of the log's state, in milliseconds of `performance.now()`. */
  private rememberedAt = -Infinity;

  constructor(readonly options: RecoveryOptions) {
    const { owner } = options;
    eventMetrics.journalFailing.set({ service: owner.service }, 0);
    eventMetrics.journalFaults.set({ service: owner.service }, 0);
    eventMetrics.recoveries.inc({ service: owner.service }, 0);
  }

  /**
   * Recovers the database if it was restored, and finds the last entry of its journal.
   * @throws RestoreNeedsDecision
   */
  async begin(): Promise<void> {
    const { journal, owner, logger } = this.options;
    const { id, journal_positions } = (await ensureRecovered(this.options)).stored;
    this.mayHaveFacts = true;
    if (journal === undefined) return;
    await this.whenFlushed(retryPause);
    this.generation += 1;
    void this.writer?.close();
    this.writer = new JournalWriter(journal, owner.service);
    this.queue = [];
    this.writing.clear();
    this.flushing = undefined;
    const { entries, last, faults } = await new JournalReader(journal, owner.service).unknown(
      journal_positions,
    );
    if (faults.length > 0)
      logger.error(`the journal of ${owner.service} is incomplete: ${faults.join('; ')}`);
    eventMetrics.journalFaults.set({ service: owner.service }, faults.length);
    this.database = id;
    this.last = Math.max(last[id] ?? 0, journal_positions[id] ?? 0);
    this.kept.clear();
    for (const { database, number, event } of entries)
      if (event && database === id) this.kept.set(event.id, number);
  }

  /**
   * The entry number up to which no journaled event is still in the outbox, once the rows of these events are
   * deleted; undefined without a journal. The next leader searches the later entries for events that it need
   * not write again.
   */
  positionWithout(events: readonly JournaledEvent[]): { database: string; number: number } | undefined {
    if (!this.writer || !this.database) return undefined;
    const gone = new Set(events.map(({ id }) => id));
    let number = this.last;
    for (const [id, kept] of this.kept) if (!gone.has(id)) number = Math.min(number, kept - 1);
    return { database: this.database, number };
  }

  /** The entry number of an event that the journal has; 0 when it need not have the event. */
  numberOf({ id }: JournaledEvent): number {
    return this.kept.get(id) ?? 0;
  }

  isKept(event: JournaledEvent): boolean {
    return (
      this.options.journal === undefined || !this.options.owner.isJournaled(event) || this.kept.has(event.id)
    );
  }

  /**
   * Starts to write the events that are not in the journal yet, and waits for the write: at most for the
   * timeout, and not at all while the journal is failing. Failed writes are retried until they succeed.
   * @param timeout milliseconds
   */
  async keep(events: readonly JournaledEvent[], timeout = 1000): Promise<void> {
    const missing = events.filter((event) => !this.isKept(event) && !this.writing.has(event.id));
    for (const { id } of missing) this.writing.add(id);
    this.queue.push(...missing);
    if (this.queue.length > 0 && !this.flushing) {
      const flushing: Promise<void> = this.flush().finally(() => {
        if (this.flushing === flushing) this.flushing = undefined;
      });
      this.flushing = flushing;
    }
    if (events.some((event) => !this.isKept(event))) await this.whenFlushed(timeout);
  }

  /** Call after the rows of these events are deleted. */
  forget(events: readonly JournaledEvent[]): void {
    for (const { id } of events) this.kept.delete(id);
  }

  /**
   * Republishes the next facts if a republication was requested.
   * @returns whether facts were added to the outbox
   */
  async republish(client: Client): Promise<boolean> {
    if (!this.mayHaveFacts) return false;
    return (this.mayHaveFacts = await inTransaction(client, async () => {
      const [row] = await queryRows<{ republish_after: string }>(
        client,
        'SELECT republish_after FROM database_identity WHERE republish_after IS NOT NULL FOR UPDATE',
      );
      if (!row) return false;
      const { events, next } = await nextFacts(
        client,
        this.options.owner,
        row.republish_after,
        republishBatch,
      );
      if (events.length > 0) {
        // A crash must not take back events that the journal has: that is the sign of a restored database.
        await client.query('SET LOCAL synchronous_commit = on');
        await client.query(
          'INSERT INTO outbox (event_id, event) SELECT * FROM unnest($1::uuid[], $2::jsonb[])',
          outboxColumns(events),
        );
      }
      await client.query('UPDATE database_identity SET republish_after = $1', [next]);
      return next !== null || events.length > 0;
    }));
  }

  /**
   * Compares the log with its last known state. If the log was replaced, restored or has lost its end, all
   * facts are republished. An unavailable log is checked again later.
   * @param hasPublished whether this relay has published events since the last check. Events of other
   *   publishers do not concern the memory, so it is not written for each of theirs
   * @returns false when the log did not answer, so that nothing was remembered
   */
  async checkLog(client: Client, publisher: EventPublisher, hasPublished: boolean): Promise<boolean> {
    if (!publisher.checkLog) return true;
    const { owner, logger } = this.options;
    const [row] = await queryRows<{ log_memory: unknown }>(
      client,
      'SELECT log_memory FROM database_identity',
    );
    const checked = await publisher.checkLog(row?.log_memory ?? undefined).catch(() => undefined);
    if (!checked) return false;
    const memory = JSON.stringify(checked.memory);
    if (checked.lost === undefined) {
      const isRemembered = row?.log_memory && performance.now() - this.rememberedAt < rememberInterval;
      if (isRemembered && !hasPublished) return true;
      this.rememberedAt = performance.now();
      await client.query(
        'UPDATE database_identity SET log_memory = $1 WHERE log_memory IS DISTINCT FROM $1',
        [memory],
      );
      return true;
    }
    await client.query(`UPDATE database_identity SET log_memory = $1, republish_after = ''`, [memory]);
    eventMetrics.logLosses.inc();
    logger.warn(`the event log ${checked.lost}: ${owner.service} publishes its facts again`);
    return true;
  }

  /** Looks again for facts to republish, because the command `republish` may have requested it. */
  lookAgain(): void {
    this.mayHaveFacts = true;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.whenFlushed(2 * retryPause);
    await this.writer?.close();
  }

  /** Waits for the current write: at most for the timeout, and not at all while the journal is failing. */
  private async whenFlushed(timeout: number): Promise<void> {
    if (this.isFailing || !this.flushing) return;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeout)));
    await Promise.race([this.flushing, tooLate]);
    clearTimeout(timer);
  }

  private async flush(): Promise<void> {
    const { generation, writer, queue } = this;
    const isOver = () => this.isClosed || this.generation !== generation;
    while (queue.length > 0 && !isOver()) {
      const events = queue.slice();
      const hasFailed = await this.write(writer!, events).then(
        () => false,
        (error: unknown) => this.failed(error),
      );
      if (this.generation !== generation) return;
      if (hasFailed) {
        await new Promise((resolve) => setTimeout(resolve, retryPause));
        continue;
      }
      queue.splice(0, events.length);
      for (const { id } of events) {
        this.kept.set(id, ++this.last);
        this.writing.delete(id);
      }
      this.isFailing = false;
      eventMetrics.journalFailing.set({ service: this.options.owner.service }, 0);
    }
  }

  private write(writer: JournalWriter, events: readonly JournaledEvent[]): Promise<void> {
    const at = new Date().toISOString();
    return writer.append(
      events.map(({ id, type, subject, time, data }, index): JournalEntry => {
        const event = { id, type, subject, time, data };
        return { database: this.database, number: this.last + 1 + index, at, event };
      }),
    );
  }

  private failed(error: unknown): true {
    const { owner, logger } = this.options;
    if (!this.isFailing)
      logger.error(`the journal of ${owner.service} cannot be written: ${reasonOf(error)}`);
    // The fault stays reported although a new file takes the next entries: earlier entries may be lost.
    if (error instanceof JournalVanished) eventMetrics.journalFaults.inc({ service: owner.service });
    this.isFailing = true;
    eventMetrics.journalFailing.set({ service: owner.service }, 1);
    return true;
  }
}
