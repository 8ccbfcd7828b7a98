import { Wakeup } from '../wakeup.js';

/** The part of a relay that the rest of its process sees. */
export interface LocalRelay {
  /** {@link wakeRelays} wakes the relay through these hints. */
  readonly hints: Wakeup;
  /** Whether this relay publishes; among all replicas of a service, one does. */
  isLeading: boolean;
}

const relays = new Set<LocalRelay>();
const waiting = new Map<string, Set<() => void>>();

/** @returns a function that removes the relay again */
export function addRelay(relay: LocalRelay): () => void {
  relays.add(relay);
  return () => relays.delete(relay);
}

/** Whether a relay of this process publishes, so that {@link whenPublished} can resolve. */
export function leadsHere(): boolean {
  return [...relays].some((relay) => relay.isLeading);
}

/**
 * Wakes the relays of this process. Code that adds to the outbox calls it after its commit. When the call is
 * lost with its process, the relays' polling finds the event.
 *
 * A NOTIFY in the transaction would do the same. But PostgreSQL commits such transactions one after another,
 * each with its own flush to disk. Under load that costs more than the rest of the way.
 */
export function wakeRelays(): void {
  for (const relay of relays) relay.hints.wake();
}

/** Milliseconds in which {@link wakeRelaysSoon} gathers commits. */
const gatherTime = 20;
let soon: NodeJS.Timeout | undefined;

/**
 * Like {@link wakeRelays}, for facts of the journal alone, which no other service awaits. One write of the
 * journal then serves many commits.
 */
export function wakeRelaysSoon(): void {
  soon ??= setTimeout(() => {
    soon = undefined;
    wakeRelays();
  }, gatherTime).unref();
}

/** The relay calls it when the transport holds these events. */
export function havePublished(eventIds: readonly string[]): void {
  for (const id of eventIds) {
    for (const resolve of waiting.get(id) ?? []) resolve();
    waiting.delete(id);
  }
}

/** Resolves when a relay of this process has published all of the events; `cancel` stops waiting. */
export function whenPublished(eventIds: readonly string[]): { all: Promise<unknown>; cancel(): void } {
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
