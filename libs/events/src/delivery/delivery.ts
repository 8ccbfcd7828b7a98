import { context, SpanKind, trace } from '@opentelemetry/api';
import { isObservable, lastValueFrom } from 'rxjs';
import type { MessageHandler } from '@nestjs/microservices';
import type { CloudEvent } from '@payer/smart';
import { eventMetrics } from '../metrics.js';
import type { EventLogger } from '../publisher.js';
import { reasonOf } from '../reason.js';
import { readTrusted } from '../signatures/event-trust.js';
import type { ServicePublicKeys } from '../signatures/service-keys.js';
import { UntrustedEvent } from '../signatures/untrusted-event.js';
import { contextOf, inSpan, traceIdOf } from '../tracing/tracing.js';

/** An event that a consumer put aside, with all data needed to inspect and replay it. */
export interface DeadLetter {
  consumer: string;
  topic: string;
  event: unknown;
  error: string;
  /**
   * Place of the event in the log. The same event put aside again from this place is the same dead letter.
   */
  origin?: string;
}

export interface DeliveryOptions {
  /** Name of the consumer group, for dead letters. */
  consumer: string;
  handlerOf(topic: string): MessageHandler | null;
  /** Public keys of the services that may sign events. */
  publicKeys: ServicePublicKeys;
  /** @returns whether the dead letter is new: false when an earlier reading of the log kept it already */
  keepDeadLetter(letter: DeadLetter): Promise<boolean>;
  /**
   * Whether the service can apply events now (its database accepts writes). While it cannot, events wait
   * instead of becoming dead letters.
   */
  canApply(): Promise<boolean>;
  logger: EventLogger;
  /**
   * Number of failed attempts, counted only while the database accepted writes, before an event is put aside.
   */
  attempts?: number;
  /** Milliseconds before the second attempt; doubles up to 10 s. */
  firstPause?: number;
}

/** Stops a delivery because the consumer is closing; the event stays unacknowledged. */
export class DeliveryStopped extends Error {}

/**
 * Delivers events to their `@EventPattern` handlers, with the same rules under every transport. No event is
 * dropped:
 * - An event is put aside at once if it cannot be parsed, or if its writer had no right to write it.
 * - A handler that fails is retried with growing pauses: without end while the service's own database is
 *   unavailable, otherwise {@link DeliveryOptions.attempts} times. Then the event is put aside.
 *
 * Handlers must be registered with {@link HandlerErrors}.
 */
export class Delivery {
  private stopped = false;

  constructor(private readonly options: DeliveryOptions) {}

  stop(): void {
    this.stopped = true;
  }

  /**
   * Resolves when the event is applied or kept as a dead letter. Only then may its offset be committed.
   * @param key of the message or row
   * @param origin place of the event in the log
   */
  async deliver(topic: string, key: string | null, raw: unknown, origin: string): Promise<void> {
    const handler = this.options.handlerOf(topic);
    if (!handler) return;
    let event: CloudEvent;
    try {
      event = readTrusted(raw, { topic, key }, this.options.publicKeys);
    } catch (error) {
      if (error instanceof UntrustedEvent) eventMetrics.untrusted.inc({ topic });
      return this.putAside(topic, raw, origin, (error as Error).message);
    }
    const { traceparent } = event;
    if (traceparent === undefined) return this.applyWithRetries(handler, event, raw, origin);
    const attributes = {
      'messaging.operation.type': 'process',
      'messaging.destination.name': event.type,
      'messaging.message.id': event.id,
      'messaging.consumer.group.name': this.options.consumer,
    };
    return inSpan(
      `process ${event.type}`,
      { kind: SpanKind.CONSUMER, attributes },
      contextOf(traceparent),
      () => this.applyWithRetries(handler, event, raw, origin),
    );
  }

  /**
   * Delivers events that do not depend on each other, at the same time.
   * @throws the failure of the first event that stays unacknowledged, after all deliveries have ended
   */
  async deliverAll(
    rows: readonly { topic: string; key: string; event: unknown; position: string }[],
  ): Promise<void> {
    const delivered = await Promise.allSettled(
      rows.map(({ topic, key, event, position }) => this.deliver(topic, key, event, position)),
    );
    const failed = delivered.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  /**
   * @param raw the event as received. The signature covers all its fields, including fields unknown to this
   *   version.
   */
  private async applyWithRetries(
    handler: MessageHandler,
    event: CloudEvent,
    raw: unknown,
    origin: string,
  ): Promise<void> {
    const { attempts = 8, firstPause = 100, logger } = this.options;
    let brokeHandler = 0;
    for (let attempt = 1, pause = firstPause; ; attempt++, pause = Math.min(pause * 2, 10_000)) {
      try {
        const result: unknown = await handler(event);
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
        eventMetrics.handled.inc({ type: event.type });
        eventMetrics.delay.observe({ type: event.type }, (Date.now() - Date.parse(event.time)) / 1000);
        logger.debug?.({ ...fieldsOf(event), msg: 'an event was applied' });
        return;
      } catch (error) {
        eventMetrics.failed.inc({ type: event.type });
        const [reason, { stack }] = [reasonOf(error), error as Error];
        const once = attempt === 1 ? { stack } : {};
        logger.warn({ ...fieldsOf(event), attempt, reason, ...once, msg: 'an event could not be applied' });
        if (this.stopped) throw new DeliveryStopped();
        // A failure while the database is unavailable is no evidence against the event, even when the
        // database is back a moment later.
        if (await this.options.canApply().catch(() => false)) brokeHandler += 1;
        if (brokeHandler >= attempts) return this.putAside(event.type, raw, origin, reason);
        await new Promise((resolve) => setTimeout(resolve, pause));
        if (this.stopped) throw new DeliveryStopped();
      }
    }
  }

  private async putAside(topic: string, event: unknown, origin: string, error: string): Promise<void> {
    const { consumer, keepDeadLetter, logger } = this.options;
    if (!(await keepDeadLetter({ consumer, topic, event, error, origin }))) return;
    eventMetrics.deadLettered.inc({ topic });
    logger.error(`an event on ${topic} was put aside as a dead letter: ${error}`);
  }
}

/** Log fields of an event, never its data. Inside the event's trace the logger adds the trace id itself. */
function fieldsOf(event: CloudEvent): Record<string, string> {
  const trace_id = trace.getSpanContext(context.active())
    ? undefined
    : traceIdOf(contextOf(event.traceparent));
  return {
    event: event.type,
    event_id: event.id,
    subject: event.subject,
    ...(trace_id ? { trace_id } : {}),
  };
}
