import { randomUUID } from 'node:crypto';
import { cloudEvent, type CloudEvent, type EventData, type EventType } from '@payer/smart';
import { currentTraceparent } from '../tracing/tracing.js';
import { rowsFrom, type TransactionClient } from '../database/transaction-client.js';
import { leadsHere, wakeRelays, whenPublished } from './relay-registry.js';

/**
 * Maximum bytes of an event as JSON. Brokers accept messages of 1 MiB, and an event that cannot be published
 * must not enter an outbox.
 */
const largestEvent = 256 * 1024;

/**
 * Writes an event to the outbox in the transaction of its fact (transactional outbox): both are committed, or
 * neither. The relay publishes the event. After the commit, {@link wakeRelays} or {@link whenRelayed} makes
 * the relay look at once.
 *
 * @param client the transaction's entity manager or client
 * @param traceparent the trace of the event; by default the trace of the running code
 * @returns the event as it will be published
 * @throws ZodError when `data` breaks the event's contract; Error when the event is larger than 256 KiB
 */
export async function addToOutbox<T extends EventType>(
  client: TransactionClient,
  type: T,
  data: EventData<T>,
  traceparent: string | undefined = currentTraceparent(),
): Promise<CloudEvent<T>> {
  const [event] = await addAllToOutbox(client, type, [data], traceparent);
  return event!;
}

/** Like {@link addToOutbox}, for many events of one type. */
export async function addAllToOutbox<T extends EventType>(
  client: TransactionClient,
  type: T,
  things: readonly EventData<T>[],
  traceparent: string | undefined = currentTraceparent(),
): Promise<CloudEvent<T>[]> {
  const events = newEvents(type, things, traceparent);
  await client.query(
    'INSERT INTO outbox (event_id, event) SELECT * FROM unnest($1::uuid[], $2::jsonb[])',
    outboxColumns(events),
  );
  return events;
}

/** New events for a caller that adds them to the outbox in its own statement ({@link outboxColumns}). */
export function newEvents<T extends EventType>(
  type: T,
  things: readonly EventData<T>[],
  traceparent: string | undefined = currentTraceparent(),
): CloudEvent<T>[] {
  const time = new Date();
  return things.map((data) => cloudEvent(type, data, { id: randomUUID(), time, traceparent }));
}

/**
 * The columns `event_id` and `event` of an outbox, as arrays of equal length.
 * @throws Error when an event is larger than 256 KiB
 */
export function outboxColumns(events: readonly CloudEvent[]): [ids: string[], texts: string[]] {
  const texts = events.map((event) => JSON.stringify(event));
  const tooLarge = texts.findIndex((text) => Buffer.byteLength(text) > largestEvent);
  if (tooLarge >= 0)
    throw new Error(
      `${events[tooLarge]!.type} ${events[tooLarge]!.subject} is larger than an event may be (${largestEvent} bytes)`,
    );
  return [events.map((event) => event.id), texts];
}

/**
 * Wakes the relay and waits until it has published the events, so that other services know the fact before
 * the caller answers "done". Call it after the commit. On a timeout it only returns false: the events are
 * safe in the outbox and will be published.
 *
 * @param timeout milliseconds
 * @returns whether all events are published
 */
export async function whenRelayed(
  client: TransactionClient,
  events: readonly CloudEvent[],
  timeout = 500,
): Promise<boolean> {
  if (events.length === 0) return true;
  const ids = events.map((event) => event.id);
  const publication = whenPublished(ids);
  let isOver = false;
  wakeRelays();
  try {
    return await Promise.race([
      publication.all.then(() => true),
      // The relay of another replica cannot resolve the promise here, but it deletes the outbox rows.
      untilGone(client, ids, timeout, () => isOver).catch(() => false),
    ]);
  } finally {
    isOver = true;
    publication.cancel();
  }
}

async function untilGone(
  client: TransactionClient,
  ids: readonly string[],
  timeout: number,
  isOver: () => boolean,
): Promise<boolean> {
  const deadline = performance.now() + timeout;
  for (let pause = leadsHere() ? 50 : 2; ; pause = Math.min(pause * 2, 50)) {
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(1, Math.min(pause, deadline - performance.now()))),
    );
    if (isOver()) return false;
    const waiting = await client.query('SELECT 1 FROM outbox WHERE event_id = ANY($1) LIMIT 1', [ids]);
    if (rowsFrom(waiting).length === 0) return true;
    if (performance.now() >= deadline) return false;
  }
}
