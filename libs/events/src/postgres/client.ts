import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import type { EventPublisher } from '../publisher.js';
import type { EventSigner } from '../signatures/event-signature.js';
import type { PostgresEventLog } from './log.js';

/** NestJS client of the PostgreSQL transport: `emit(type, event)`, or many events at once for the relay. */
export class PostgresEventClient extends ClientProxy implements EventPublisher {
  constructor(
    private readonly log: PostgresEventLog,
    private readonly sign: EventSigner,
  ) {
    super();
  }

  async connect(): Promise<void> {
    await this.log.head();
  }

  async close(): Promise<void> {
    await this.log.close();
  }

  async publishEvents(events: readonly CloudEvent[]): Promise<void> {
    await this.log.append(events.map(this.sign));
  }

  checkLog(memory: unknown): Promise<{ memory: unknown; lost?: string }> {
    return this.log.check(memory);
  }

  override unwrap<T>(): T {
    return this.log as T;
  }

  protected override async dispatchEvent<T>(packet: ReadPacket<CloudEvent>): Promise<T> {
    await this.publishEvents([packet.data]);
    return undefined as T;
  }

  protected override publish(_packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    callback({ err: new Error('this transport carries events only, no requests') });
    return () => undefined;
  }
}
