import { expect } from 'vitest';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { cloudEvent, type CloudEvent, type EventData } from '@payer/smart';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import {
  addAllToOutbox,
  AddRecovery1764260000000,
  AppliedPositions,
  CreateFactFeed1764200000000,
  CreateOutbox1764000000000,
  createConsumer,
  createPublisher,
  HandlerErrors,
  localSigner,
  OutboxRelay,
  publicKeysOf,
  whenRelayed,
  type EventSigner,
  type Recent,
  type TransportConfig,
} from '../index.js';

export const silent = { log() {}, warn() {}, error() {} };

export function revocation(id: string, test = 'any', version = 1): EventData<'token-revoked'> {
  return {
    id,
    version,
    environment: 'sandbox',
    client_id: test,
    jti: id,
    grant_id: null,
    issued_before: null,
    expires_at: '2030-01-01T00:00:00.000Z',
    reason: 'app',
    ends_grant: false,
  };
}

/** An event of {@link revocation} with the current time. */
export const revocationEvent = (id: string, test?: string, version?: number) =>
  cloudEvent('token-revoked', revocation(id, test, version), { id: randomUUID(), time: new Date() });

/** Subjects that the handlers received, in order, by test. */
export const seen: Record<string, string[]> = {};
/** Versions that the handlers received, in order, by test. */
export const versions: Record<string, number[]> = {};
/** Times that a handler fails before it succeeds, by test. */
export const failures: Record<string, number> = {};
/** Milliseconds that a handler takes, by test. */
export const pauses: Record<string, number> = {};

@Controller()
class Handlers {
  @EventPattern('token-revoked')
  async onTokenRevoked(@Payload() event: CloudEvent<'token-revoked'>): Promise<void> {
    const { client_id: test } = event.data;
    if (pauses[test]) await new Promise((resolve) => setTimeout(resolve, pauses[test]));
    if ((failures[test] ?? 0) > 0) {
      failures[test]! -= 1;
      throw new Error('the database is away');
    }
    (seen[test] ??= []).push(event.subject);
    (versions[test] ??= []).push(event.data.version);
  }
}

@Module({ controllers: [Handlers] })
class HandlersModule {}

@Controller()
class NewHandlers {
  @EventPattern('heartbeat')
  onHeartbeat(@Payload() event: CloudEvent<'heartbeat'>): void {
    (seen.heartbeat ??= []).push(event.id);
  }
}

/** The next version of the service: it handles one more topic. */
@Module({ controllers: [Handlers, NewHandlers] })
class NextVersionModule {}

/** A service with an outbox, on one of the transports. */
export class EventBench {
  postgres: TestPostgres;
  service: DataSource;
  serviceUrl: string;
  config: TransportConfig;
  private readonly closing: (() => Promise<unknown>)[] = [];

  async start(configure: (postgres: TestPostgres) => Promise<TransportConfig>): Promise<void> {
    this.postgres = await startTestPostgres();
    this.serviceUrl = await this.postgres.database('service');
    this.config = await configure(this.postgres);
    this.service = new DataSource({
      type: 'postgres',
      url: this.serviceUrl,
      migrations: [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000],
    });
    await this.service.initialize();
    await this.service.runMigrations();
  }

  async stop(): Promise<void> {
    for (const close of this.closing.reverse()) await close();
    await this.service?.destroy();
    await this.postgres?.stop();
  }

  atEnd(close: () => Promise<unknown>): void {
    this.closing.push(close);
  }

  async consume(
    consumer: string,
    mode: 'group' | 'replica',
    {
      version = 'this',
      recent,
      applied,
    }: { version?: 'this' | 'next'; recent?: Recent; applied?: AppliedPositions } = {},
  ) {
    const canApply = () => Promise.resolve(true);
    const strategy = await createConsumer(this.config, {
      consumer,
      publicKeys: publicKeysOf({}),
      mode,
      canApply,
      recent,
      applied,
    });
    const module = version === 'this' ? HandlersModule : NextVersionModule;
    const app = await NestFactory.createMicroservice(module, { strategy, logger: false });
    app.useGlobalFilters(new HandlerErrors());
    await app.listen();
    let isOpen = true;
    const close = async () => {
      if (isOpen) await app.close();
      isOpen = false;
    };
    this.atEnd(close);
    return { strategy, close };
  }

  async relay() {
    const publisher = await createPublisher(this.config, localSigner);
    const outbox = new OutboxRelay(this.serviceUrl, publisher, silent);
    outbox.start();
    this.atEnd(async () => {
      await outbox.stop();
      await publisher.close();
    });
    return outbox;
  }

  /** Publishes events to the transport directly, bypassing the outbox. */
  publish(...events: CloudEvent[]): Promise<void> {
    return this.publishAs(localSigner, ...events);
  }

  async publishAs(sign: EventSigner, ...events: CloudEvent[]): Promise<void> {
    const publisher = await createPublisher(this.config, sign);
    await publisher.publishEvents(events);
    await publisher.close();
  }

  /** Writes one event per id in one transaction and waits until the relay has published them. */
  async writeAndRelay(test: string, ids: readonly string[]): Promise<CloudEvent[]> {
    const events = await this.service.transaction((manager) =>
      addAllToOutbox(
        manager,
        'token-revoked',
        ids.map((id) => revocation(id, test)),
      ),
    );
    expect(await whenRelayed(this.service, events, 20_000)).toBe(true);
    return events;
  }
}

/**
 * Waits until a consumer has caught up. A machine that is too busy to open a connection in time makes it ask
 * again.
 */
export const untilCaughtUp = (
  consumer: { waitUntilCaughtUp(timeout: number): Promise<boolean> },
  timeout: number,
): Promise<true> => eventually(() => consumer.waitUntilCaughtUp(timeout), { timeout });
