import { SpanKind } from '@opentelemetry/api';
import { Client } from 'pg';
import type { CloudEvent } from '@payer/smart';
import { eventMetrics, watchOutbox } from '../metrics.js';
import type { EventLogger, EventPublisher } from '../publisher.js';
import { beginSpan, contextOf } from '../tracing/tracing.js';
import { Wakeup } from '../wakeup.js';

const batchSize = 500;
const pollInterval = 1000;
/** Advisory lock that makes one replica the relay of a database; the others stand by. */
const relayLock = 0x0b0c;

/**
 * Moves events from a database's outbox to the transport, in order of writing, at least once: a row is deleted only
 * after the transport holds the event. One relay is active per database; if it dies, its session's lock is gone and a
 * standby takes over.
 */
export class OutboxRelay {
  private stopped = false;
  private running: Promise<void> | undefined;
  private readonly wakeup = new Wakeup();
  /** When the oldest event in the outbox was written, on this machine's clock; undefined when there is none. */
  private oldest: number | undefined;
  private unwatch: (() => void) | undefined;

  constructor(
    private readonly databaseUrl: string,
    private readonly publisher: EventPublisher,
    private readonly logger: EventLogger,
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
    this.unwatch?.();
  }

  private async run(): Promise<void> {
    for (let pause = 50; !this.stopped; pause = Math.min(pause * 2, 5000)) {
      const client = new Client({ connectionString: this.databaseUrl, application_name: 'outbox-relay' });
      client.on('error', () => this.wakeup.wake());
      client.on('notification', () => this.wakeup.wake());
      try {
        await client.connect();
        await client.query('LISTEN outbox');
        await this.relayUntilFailure(client, () => (pause = 50));
      } catch (error) {
        if (this.stopped) return;
        this.logger.warn(`outbox relay will try again in ${pause} ms: ${(error as Error).message}`);
        await this.wakeup.sleep(pause);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  private async relayUntilFailure(client: Client, onProgress: () => void): Promise<void> {
    let leader = false;
    while (!this.stopped) {
      const ticket = this.wakeup.ticket();
      if (!leader) {
        const { rows } = await client.query<{ locked: boolean }>(
          'SELECT pg_try_advisory_lock($1) AS locked',
          [relayLock],
        );
        leader = rows[0]?.locked ?? false;
      }
      const moved = leader ? await this.relayBatch(client) : await this.watch(client);
      onProgress();
      if (moved < batchSize) await this.wakeup.wait(ticket, pollInterval);
    }
  }

  /** A standby moves nothing, but knows whether events wait for a leader that does not work. */
  private async watch(client: Client): Promise<number> {
    const { rows } = await client.query<{ age: number }>({
      name: 'outbox-age',
      text: `SELECT extract(epoch FROM clock_timestamp() - created_at)::float8 AS age FROM outbox ORDER BY id LIMIT 1`,
    });
    this.seeOldest(rows[0]?.age);
    return 0;
  }

  private seeOldest(age: number | undefined): void {
    this.oldest = age === undefined ? undefined : Date.now() - age * 1000;
  }

  private async relayBatch(client: Client): Promise<number> {
    const { rows } = await client.query<{ id: string; event: CloudEvent; age: number }>({
      name: 'outbox-read',
      text: `SELECT id, event, extract(epoch FROM clock_timestamp() - created_at)::float8 AS age
             FROM outbox ORDER BY id LIMIT ${batchSize}`,
    });
    this.seeOldest(rows[0]?.age);
    if (rows.length === 0) return 0;
    await this.publish(rows.map((row) => row.event));
    await client.query({
      name: 'outbox-delete',
      text: 'DELETE FROM outbox WHERE id = ANY($1)',
      values: [rows.map((row) => row.id)],
    });
    if (rows.length < batchSize) this.seeOldest(undefined);
    for (const { event } of rows) eventMetrics.relayed.inc({ type: event.type });
    return rows.length;
  }

  /** One call for many events; each that belongs to a trace shows there how long it took. */
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
