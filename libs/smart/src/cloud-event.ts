import { z } from 'zod';
import { eventContracts, eventTypes, type EventData, type EventType } from './events.js';

/** CloudEvents 1.0 envelope (structured mode). `subject` is the key of the event's subject. */
export interface CloudEvent<T extends EventType = EventType> {
  specversion: '1.0';
  id: string;
  source: string;
  type: T;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  /** W3C trace context of the request that caused the event (CloudEvents distributed tracing extension). */
  traceparent?: string;
  /**
   * Signature of the publishing service: `kid`, a dot, and the Ed25519 signature of the rest of the event
   * (docs/events.md). Added when the event is published.
   */
  signature?: string;
  data: EventData<T>;
}

/** The attributes of every event, without `data`. */
export const envelope = z
  .object({
    specversion: z.literal('1.0').describe('of CloudEvents'),
    id: z.string().min(1).describe('of this event; stays the same when the event is sent again'),
    source: z.string().min(1).describe('`/` and the service that emits it'),
    type: z.enum(eventTypes as [EventType, ...EventType[]]).describe('name of the event, and of its topic'),
    subject: z.string().min(1).describe('the key: id of the thing'),
    time: z.iso.datetime().describe('when it was written into the outbox'),
    datacontenttype: z.literal('application/json').describe('of `data`'),
    traceparent: z.string().optional().describe('W3C trace context of the request that caused it'),
    signature: z
      .string()
      .optional()
      .describe('`kid` of the key of the service that emits it, a dot, Ed25519 signature (base64url)'),
    data: z.unknown().describe("the thing's whole current state"),
  })
  .meta({ title: 'CloudEvent', description: 'CloudEvents 1.0, structured mode' });

/**
 * Builds an event from the current state of its subject.
 * @throws ZodError when `data` breaks the contract
 */
export function cloudEvent<T extends EventType>(
  type: T,
  data: EventData<T>,
  attributes: { id: string; time: Date; traceparent?: string },
): CloudEvent<T> {
  const contract = eventContracts[type];
  const parsed = contract.data.parse(data) as EventData<T>;
  return {
    specversion: '1.0',
    id: attributes.id,
    // Several services publish audit entries; each entry contains its own service.
    source: `/${'service' in parsed ? parsed.service : contract.sources[0]}`,
    type,
    subject: String((parsed as Record<string, unknown>)[contract.key]),
    time: attributes.time.toISOString(),
    datacontenttype: 'application/json',
    ...(attributes.traceparent ? { traceparent: attributes.traceparent } : {}),
    data: parsed,
  };
}

/**
 * Parses an event from a transport.
 * @throws Error with the part that breaks the contract
 */
export function parseCloudEvent(value: unknown): CloudEvent {
  const head = envelope.safeParse(value);
  if (!head.success) throw new Error(`not an event: ${z.prettifyError(head.error)}`);
  const data = eventContracts[head.data.type].data.safeParse(head.data.data);
  if (!data.success) throw new Error(`not a valid ${head.data.type}: ${z.prettifyError(data.error)}`);
  return { ...head.data, data: data.data } as CloudEvent;
}
