import type { CloudEvent, EventType } from '@payer/smart';

/** The transport to which the relay publishes events. */
export interface EventPublisher {
  /** Resolves when the transport holds all events durably. Publishing an event again is harmless. */
  publishEvents(events: readonly CloudEvent[]): Promise<void>;
  /**
   * Compares the log with its last known state.
   * @param memory result of the last call; undefined on the first call
   * @returns the new state to remember, and a description when the log has lost events
   */
  checkLog?(memory: unknown): Promise<{ memory: unknown; lost?: string }>;
  close(): Promise<void> | void;
}

/** A consumer of events, as readiness and the gateway see it. */
export interface EventConsumer {
  /** Whether this consumer has applied all events that the log held when the consumer started. */
  readonly isCaughtUp: boolean;
  /**
   * Waits until all events that the log now holds are applied.
   * @param timeout milliseconds
   * @returns false after the timeout
   */
  waitUntilCaughtUp(timeout: number): Promise<boolean>;
}

/**
 * Old events that a consumer with a model in memory may skip when it starts, because they can no longer
 * matter.
 */
export interface Recent {
  topics: readonly EventType[];
  /** Skips events of these topics that the log has held for longer. Allow a margin for differing clocks. */
  seconds: number;
}

/** A log line with fields in addition to its message. */
export type LogLine = Record<string, unknown> & { msg: string };

/** The part of a logger that this library uses; NestJS's logger has it. */
export interface EventLogger {
  log(message: string): void;
  warn(message: string | LogLine): void;
  error(message: string): void;
  debug?(message: string | LogLine): void;
}
