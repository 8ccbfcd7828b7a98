import { SpanKind } from '@opentelemetry/api';
import type { Client } from 'pg';
import type { CloudEvent } from '@payer/smart';
import { eventMetrics, watchOutbox } from '../metrics.js';
import type { EventLogger, EventPublisher } from '../publisher.js';
import { endSession, openSession } from '../postgres/session.js';
import { reasonOf } from '../reason.js';
import { beginSpan, contextOf } from '../tracing/tracing.js';
import { Wakeup } from '../wakeup.js';
import { addRelay, havePublished, type LocalRelay } from '../outbox/relay-registry.js';
import type { FactKeeper } from '../recovery/fact-keeper.js';

const batchSize = 500;
const pollInterval = 1000;
/** Channel on which replicas notify the leading relay of new outbox rows. */
const channel = 'outbox';
/** Advisory lock that makes one replica the leading relay of a database; the others stand by. */
const relayLock = 0x0b0c;
/** Milliseconds between two checks of the log's identity. */
const logCheckInterval = 2000;
/** Milliseconds between two times that facts reach the journal ahead of a log that refuses events. */
const aheadInterval = 5000;
/** The most events that go to the journal ahead of the log. Each connection compares them with the outbox. */
const mostAhead = 20_000;

const ageOfRow = 'extract(epoch FROM clock_timestamp() - created_at)::float8 AS age';

interface OutboxRow {
  id: string;
  event: CloudEvent;
  /** Whether the row is for the journal only. */
  isUnpublished: boolean;
}

/**
 * Moves events from a database's outbox to the transport, in the order of writing, at least once: a row is
 * deleted only after the transport holds the event. One relay per database is active. If it dies, its session
 * ends, the lock is released and a standby takes over.
 *
 * The relay looks for rows when this process reports a commit ({@link wakeRelays}) or another replica does so
 * by NOTIFY. Polling finds the rows when both are lost.
 */
export class OutboxRelay {
  private stopped = false;
  private running: Promise<void> | undefined;
  private readonly wakeup = new Wakeup();
  private readonly local: LocalRelay = { hints: this.wakeup, isLeading: false };
  /**
   * Time on this machine's clock at which the oldest event in the outbox was written; undefined when the
   * outbox is empty.
   */
  private oldest: number | undefined;
  private unwatch: (() => void) | undefined;
  /** Published rows that may not be deleted yet, by event id; see {@link confirm}. */
  private readonly held = new Map<string, OutboxRow>();
  /** Rows that wait for the log, while facts behind them reach the journal; see {@link journalAhead}. */
  private readonly ahead = new Map<string, OutboxRow>();
  private aheadAt = -Infinity;
  /** Time of the last check of the log, in milliseconds of `performance.now()`. */
  private lookedAt = -Infinity;
  /** Whether events were published since then. */
  private hasPublished = true;

  constructor(
    private readonly databaseUrl: string,
    private readonly publisher: EventPublisher,
    private readonly logger: EventLogger,
    /** Writes the service's facts to the journal; absent for a service that owns no revocable facts. */
    private readonly keeper?: FactKeeper,
  ) {}

  start(): void {
    this.running ??= this.run();
    this.unwatch ??= watchOutbox(new URL(this.databaseUrl).pathname.slice(1), () =>
      this.oldest === undefined ? 0 : Math.max(0, (Date.now() - this.oldest) / 1000),
    );
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.wakeup.wake();
    await this.running;
    await this.keeper?.close();
    this.unwatch?.();
  }

  private async run(): Promise<void> {
    const remove = addRelay(this.local);
    for (let pause = 50; !this.stopped; pause = Math.min(pause * 2, pollInterval)) {
      const client = openSession(this.databaseUrl, 'outbox-relay');
      client.on('error', () => this.wakeup.wake());
      client.on('notification', () => this.wakeup.wake());
      try {
        await client.connect();
        // The relay writes deletions. A deletion that a crash undoes publishes an event again, which is
        // harmless. (FactKeeper.republish also adds events, and waits for the disk.)
        await client.query('SET synchronous_commit = off');
        this.held.clear();
        await this.keeper?.begin();
        await this.relayUntilFailure(client, () => (pause = 50));
      } catch (error) {
        if (this.stopped) break;
        this.logger.warn(`outbox relay will try again in ${pause} ms: ${reasonOf(error)}`);
        this.local.isLeading = false;
        await this.wakeup.sleep(pause);
      } finally {
        this.local.isLeading = false;
        await endSession(client);
      }
    }
    remove();
  }

  private async relayUntilFailure(client: Client, onProgress: () => void): Promise<void> {
    let done: OutboxRow[] = [];
    // The last round after the stop publishes every row that was committed before the stop.
    for (let isLast = false; !isLast;) {
      isLast = this.stopped;
      const ticket = this.wakeup.ticket();
      const leads = await this.lead(client);
      // The leader before may have published without remembering.
      if (!leads) this.hasPublished = true;
      const rows = leads ? await this.next(client, done) : await this.watch(client);
      const events = rows.filter(({ isUnpublished }) => !isUnpublished).map(({ event }) => event);
      const [sent, kept] = await Promise.allSettled([
        events.length > 0 && this.publish(events),
        this.keeper?.keep([...rows, ...this.held.values()].map(({ event }) => event)),
      ]);
      if (kept.status === 'rejected') throw kept.reason;
      if (sent.status === 'rejected') {
        await this.journalAhead(client, rows);
        throw sent.reason;
      }
      onProgress();
      done = this.confirm(rows);
      if (events.length > 0) {
        this.hasPublished = true;
        havePublished(events.map(({ id }) => id));
        for (const event of events) eventMetrics.relayed.inc({ type: event.type });
      }
      const hasMore = leads && rows.length < batchSize && (await this.lookAfterFacts(client));
      // Rows for the journal alone are deleted with the next look. Nobody waits for their deletion.
      const isQuiet = rows.length < batchSize && events.length === 0;
      if (isQuiet && !hasMore && !isLast) await this.wakeup.wait(ticket, pollInterval);
    }
    if (done.length > 0) await this.next(client, done);
  }

  /**
   * @returns the rows that may be deleted: published, and in the journal if they belong there, at or below
   *   the position that is stored with the deletion. An entry above it without a row is the sign of a
   *   restored database. Holds the other rows.
   */
  private confirm(rows: readonly OutboxRow[]): OutboxRow[] {
    const { keeper } = this;
    if (!keeper) return [...rows];
    const published = [...rows, ...this.held.values()];
    const inJournal = published.filter(({ event }) => keeper.isKept(event));
    const position = keeper.positionWithout(inJournal.map(({ event }) => event));
    const isDone = ({ event }: OutboxRow) =>
      position === undefined || keeper.numberOf(event) <= position.number;
    const done = new Set(inJournal.filter(isDone));
    for (const row of published)
      if (done.has(row)) this.held.delete(row.event.id);
      else this.held.set(row.event.id, row);
    return [...done];
  }

  /**
   * Writes the facts of all waiting rows to the journal while the log refuses events: a restore in this time
   * must not revive what has ended. The rows stay until the log takes the first of them ({@link confirm}).
   * @param unsent the first rows, whose events the log has refused
   */
  private async journalAhead(client: Client, unsent: readonly OutboxRow[]): Promise<void> {
    const { keeper } = this;
    if (!keeper || performance.now() - this.aheadAt < aheadInterval) return;
    try {
      for (let rows = unsent; rows.length > 0 && this.ahead.size < mostAhead && !this.stopped;) {
        await keeper.keep(rows.map(({ event }) => event));
        for (const row of rows) this.ahead.set(row.event.id, row);
        rows = await this.next(client, []);
      }
    } finally {
      this.ahead.clear();
      this.aheadAt = performance.now();
    }
  }

  /**
   * Republishes facts when the log has lost them or an operator requested it.
   * @returns whether facts were added to the outbox
   */
  private async lookAfterFacts(client: Client): Promise<boolean> {
    const { keeper } = this;
    if (!keeper) return false;
    if (performance.now() - this.lookedAt > logCheckInterval) {
      this.lookedAt = performance.now();
      keeper.lookAgain();
      if (await keeper.checkLog(client, this.publisher, this.hasPublished)) this.hasPublished = false;
    }
    return keeper.republish(client);
  }

  /** A standby moves no events, but reports the age of events that wait for a failed leader. */
  private async watch(client: Client): Promise<never[]> {
    const { rows } = await client.query<{ age: number }>({
      name: 'outbox-age',
      text: `SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 AS age FROM outbox ORDER BY id LIMIT 1`,
    });
    this.seeOldest(rows[0]?.age);
    return [];
  }

  private seeOldest(age: number | undefined): void {
    this.oldest = age === undefined ? undefined : Date.now() - age * 1000;
  }

  /** Whether this relay leads. A standby passes its wake-up on to the leader. */
  private async lead(client: Client): Promise<boolean> {
    if (this.local.isLeading) return true;
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      relayLock,
    ]);
    if (!rows[0]?.locked) {
      await client.query(`NOTIFY ${channel}`);
      return false;
    }
    await client.query(`LISTEN ${channel}`);
    // The journal position that this relay read as a standby is old, because the previous leader continued to
    // write.
    this.held.clear();
    await this.keeper?.begin();
    this.local.isLeading = true;
    return true;
  }

  /** Deletes the finished rows and reads the next rows in one round trip. */
  private async next(client: Client, done: readonly OutboxRow[]): Promise<OutboxRow[]> {
    const sent = done.filter(({ isUnpublished }) => !isUnpublished).map(({ id }) => id);
    const { rows } = this.keeper
      ? await client.query<OutboxRow & { age: number }>(this.nextWithJournal(sent, done))
      : await client.query<OutboxRow & { age: number }>({
          name: 'outbox-next',
          text: `WITH sent AS (DELETE FROM outbox WHERE id = ANY($1))
                 SELECT id, event, false AS "isUnpublished", ${ageOfRow} FROM outbox
                 WHERE id <> ALL($1) ORDER BY id LIMIT ${batchSize}`,
          values: [sent],
        });
    this.keeper?.forget(done.map(({ event }) => event));
    this.seeOldest(rows.find(({ isUnpublished }) => !isUnpublished)?.age);
    return rows;
  }

  private nextWithJournal(sent: readonly string[], done: readonly OutboxRow[]) {
    const held = [...this.held.values(), ...this.ahead.values()];
    const idsOf = (rows: readonly OutboxRow[], isUnpublished: boolean) =>
      rows.filter((row) => row.isUnpublished === isUnpublished).map(({ id }) => id);
    const position = this.keeper!.positionWithout(done.map(({ event }) => event));
    return {
      name: 'outbox-journal-next',
      text: `WITH sent AS (DELETE FROM outbox WHERE id = ANY($1)),
               journaled AS (DELETE FROM outbox_journal WHERE id = ANY($2)),
               known AS (UPDATE database_identity SET journal_positions = journal_positions || $5
                         WHERE NOT journal_positions @> $5)
             (SELECT id, event, false AS "isUnpublished", ${ageOfRow} FROM outbox
              WHERE id <> ALL($1) AND id <> ALL($3) ORDER BY id LIMIT ${batchSize})
             UNION ALL
             (SELECT id, event, true, NULL FROM outbox_journal
              WHERE id <> ALL($2) AND id <> ALL($4) ORDER BY id LIMIT ${batchSize})`,
      values: [
        sent,
        idsOf(done, true),
        idsOf(held, false),
        idsOf(held, true),
        JSON.stringify(position ? { [position.database]: position.number } : {}),
      ],
    };
  }

  /** Publishes many events in one call; each event with a trace gets a span with the duration. */
  private async publish(events: readonly CloudEvent[]): Promise<void> {
    const spans = events
      .filter(({ traceparent }) => traceparent !== undefined)
      .map(({ type, id, traceparent }) =>
        beginSpan(
          `publish ${type}`,
          {
            kind: SpanKind.PRODUCER,
            attributes: {
              'messaging.operation.type': 'send',
              'messaging.destination.name': type,
              'messaging.message.id': id,
            },
          },
          contextOf(traceparent),
        ),
      );
    try {
      await this.publisher.publishEvents(events);
    } finally {
      for (const { span } of spans) span.end();
    }
  }
}
