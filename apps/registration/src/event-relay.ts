import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  createPublisher,
  FactKeeper,
  OutboxRelay,
  type EventPublisher,
  type EventSigner,
  type RecoveryOptions,
  type TransportConfig,
} from '@payer/events';

/** Where the outbox and the journal are, and the transport its events go to. */
export interface RelaySource {
  recovery: RecoveryOptions;
  transport: TransportConfig;
  sign: EventSigner;
}

/** Injection token of {@link RelaySource}. */
export const RELAY_SOURCE = Symbol('relay source');

/** Sends what waits in the outbox while the service runs. */
@Injectable()
export class EventRelay implements OnModuleInit, OnApplicationShutdown {
  private publisher: EventPublisher | undefined;
  private relay: OutboxRelay | undefined;

  constructor(@Inject(RELAY_SOURCE) private readonly source: RelaySource) {}

  async onModuleInit(): Promise<void> {
    this.publisher = await createPublisher(this.source.transport, this.source.sign);
    const { recovery } = this.source;
    this.relay = new OutboxRelay(
      recovery.databaseUrl,
      this.publisher,
      new Logger('outbox'),
      new FactKeeper(recovery),
    );
    this.relay.start();
  }

  /** After the last request, whose events still leave. */
  async onApplicationShutdown(): Promise<void> {
    await this.relay?.stop();
    await this.publisher?.close();
  }
}
