import {
  createPublisher,
  OutboxRelay,
  serviceSigner,
  type EventLogger,
  type EventPublisher,
  type FactKeeper,
  type SigningKey,
  type TransportConfig,
} from '@payer/events';
import type { RunningPart } from './lifecycle.js';

export interface OutboxRelaysOptions {
  /** Connection URLs of the databases that have an outbox. */
  databaseUrls: readonly string[];
  transport: TransportConfig;
  /** The key of the service, which signs its events. */
  key: SigningKey;
  logger: EventLogger;
  /** Writes the ends of facts into the journal; absent for a service that owns none. */
  keeper?: FactKeeper;
}

/** Publishes the events that wait in the outboxes of a service. Stopping sends the rest first. */
export class OutboxRelays implements RunningPart {
  private publisher: EventPublisher | undefined;
  private relays: OutboxRelay[] = [];

  constructor(private readonly options: OutboxRelaysOptions) {}

  async start(): Promise<void> {
    const { databaseUrls, transport, key, logger, keeper } = this.options;
    const publisher = (this.publisher = await createPublisher(transport, serviceSigner(key)));
    this.relays = databaseUrls.map((url) => new OutboxRelay(url, publisher, logger, keeper));
    for (const relay of this.relays) relay.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay.stop()));
    await this.publisher?.close();
  }
}
