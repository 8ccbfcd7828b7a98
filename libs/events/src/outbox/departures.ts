import { Wakeup } from '../wakeup.js';

/** What a relay shows of itself to the rest of its process. */
export interface LocalRelay {
  /** Wakes it, as does {@link wakeRelays}. */
  readonly hints: Wakeup;
  /** Whether it is the one that sends, among all replicas. */
  isLeading: boolean;
}

const relays = new Set<LocalRelay>();
const waiting = new Map<string, Set<() => void>>();

/** @returns how to take it out again */
export function addRelay(relay: LocalRelay): () => void {
  relays.add(relay);
  return () => relays.delete(relay);
}

/** Whether a relay of this process sends, so that {@link whenDeparted} hears of what leaves. */
export function leadsHere(): boolean {
  return [...relays].some((relay) => relay.isLeading);
}

/**
 * Tells the relays of this process that something was committed to the outbox. To be called after the commit by who adds to
 * the outbox; one that is not called, or goes lost with its process, is made up for by the relays' polling.
 *
 * A NOTIFY in the transaction itself would do the same, but PostgreSQL lets those commit one after another, each with its
 * own flush to disk: under load that costs more than all the rest of the road.
 */
export function wakeRelays(): void {
  for (const relay of relays) relay.hints.wake();
}

/** For the relay: the transport holds these events. */
export function haveDeparted(eventIds: readonly string[]): void {
  for (const id of eventIds) {
    for (const resolve of waiting.get(id) ?? []) resolve();
    waiting.delete(id);
  }
}

/** Resolves when a relay of this process has sent all of the events; `cancel` stops waiting. */
export function whenDeparted(eventIds: readonly string[]): { all: Promise<unknown>; cancel(): void } {
  const own: [string, () => void][] = [];
  const all = Promise.all(
    eventIds.map(
      (id) =>
        new Promise<void>((resolve) => {
          own.push([id, resolve]);
          const others = waiting.get(id) ?? new Set();
          waiting.set(id, others.add(resolve));
        }),
    ),
  );
  const cancel = () => {
    for (const [id, resolve] of own) {
      const others = waiting.get(id);
      others?.delete(resolve);
      if (others?.size === 0) waiting.delete(id);
    }
  };
  return { all, cancel };
}
