import type { CloudEvent, EventType } from '@payer/smart';

/** Where the relay hands events over: one of the transports. */
export interface EventPublisher {
  /** Resolves when the transport holds all of the events durably; publishing an event again is harmless. */
  publishEvents(events: readonly CloudEvent[]): Promise<void>;
  /**
   * Compares the log with what was last known of it.
   * @param memory what the last call gave; undefined at the first
   * @returns what to know from now on, and what happened to the log when it has lost events
   */
  checkLog?(memory: unknown): Promise<{ memory: unknown; lost?: string }>;
  close(): Promise<void> | void;
}

/** A consumer of events, as readiness and the gateway see it. */
export interface EventConsumer {
  /** Whether everything that was in the log when this consumer started has been applied. */
  readonly isCaughtUp: boolean;
  /**
   * Waits until everything that is in the log now has been applied.
   * @param timeout milliseconds
   * @returns false when that took longer
   */
  waitUntilCaughtUp(timeout: number): Promise<boolean>;
}

/** What a consumer that keeps its model in memory need not read of the log when it starts: what could not matter to it any more. */
export interface Recent {
  topics: readonly EventType[];
  /** Events of these topics that have been in the log for longer are passed over. Leave room for clocks that differ. */
  seconds: number;
}

/** A log line with fields of its own beside its text. */
export type LogLine = Record<string, unknown> & { msg: string };

/** The part of a logger this library uses; NestJS's has it. */
export interface EventLogger {
  log(message: string): void;
  warn(message: string | LogLine): void;
  error(message: string): void;
  debug?(message: string | LogLine): void;
}
