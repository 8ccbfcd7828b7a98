import type { OnApplicationShutdown, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import {
  addToOutbox,
  createPublisher,
  FactKeeper,
  OutboxRelay,
  reasonOf,
  serviceSigner,
  signingKeyOf,
  wakeRelays,
  type EventPublisher,
  type FactFeeds,
  type RecoveryOptions,
} from '@payer/events';
import { rowsOf } from '@payer/service';
import type { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { Grants } from './grants.js';
import { redemptionInterval, type Redemptions } from './redemptions.js';

const minute = 60_000;

/** What runs beside the requests: the relay of events, the heartbeat, what becomes of pending and expired grants, and the removal of what is stale. */
export class Background implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private publisher: EventPublisher | undefined;
  private relay: OutboxRelay | undefined;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly config: Config,
    private readonly source: DataSource,
    private readonly grants: Grants,
    private readonly redemptions: Redemptions,
    private readonly feeds: FactFeeds,
    private readonly recovery: RecoveryOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    this.publisher = await createPublisher(this.config, serviceSigner(signingKeyOf('consent', this.config)));
    this.relay = new OutboxRelay(
      this.config.DATABASE_URL,
      this.publisher,
      this.recovery.logger,
      new FactKeeper(this.recovery),
    );
    this.relay.start();
    this.feeds.start();
    this.every(this.config.HEARTBEAT_INTERVAL_MS, 'heartbeat', () => this.beat());
    this.every(redemptionInterval, 'asking which grants were redeemed', () => this.redemptions.check());
    this.every(minute, 'ending expired grants', () => this.grants.endExpired());
    this.every(minute, 'cleaning', () =>
      this.source.query('DELETE FROM pending_consent WHERE expires_at < now()'),
    );
  }

  onModuleDestroy(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** After the last request, whose events still leave. */
  async onApplicationShutdown(): Promise<void> {
    await this.feeds.stop();
    await this.relay?.stop();
    await this.publisher?.close();
  }

  private every(interval: number, what: string, work: () => Promise<unknown>): void {
    let isRunning = false;
    const run = () => {
      if (isRunning) return;
      isRunning = true;
      work()
        .catch((error: unknown) => this.recovery.logger.warn(`${what} failed: ${reasonOf(error)}`))
        .finally(() => (isRunning = false));
    };
    run();
    this.timers.push(setInterval(run, interval));
  }

  /** One heartbeat per interval, however many replicas there are: whoever comes first moves the row. */
  private async beat(): Promise<void> {
    await this.source.transaction(async (manager) => {
      const [row] = await rowsOf<{ at: Date }>(
        manager,
        `UPDATE heartbeat SET at = clock_timestamp()
         WHERE at < clock_timestamp() - make_interval(secs => $1) RETURNING at`,
        [(this.config.HEARTBEAT_INTERVAL_MS * 0.9) / 1000],
      );
      if (!row) return;
      await addToOutbox(manager, 'heartbeat', {
        id: 'consent',
        version: row.at.getTime(),
        at: row.at.toISOString(),
      });
    });
    wakeRelays();
  }
}
