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
  /** Connection URLs of the databases with an outbox. */
  databaseUrls: readonly string[];
  transport: TransportConfig;
  /** The key of the service, which signs its events. */
  key: SigningKey;
  logger: EventLogger;
  /** Writes facts to the journal; absent for a service that owns no revocable facts. */
  keeper?: FactKeeper;
}

/** Publishes the events in the outboxes of a service. Stopping publishes the remaining events first. */
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
