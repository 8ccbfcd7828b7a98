import type { DeadLetter } from './delivery.js';

export interface KeptDeadLetter extends DeadLetter {
  id: string;
  /** Time at which the consumer put the event aside (ISO 8601). */
  at: string;
}

/** Stores the events that consumers have put aside, until an operator replays or discards them. */
export interface DeadLetters {
  /** @returns false when a dead letter from the same place in the log exists already, open or closed */
  keep(letter: DeadLetter): Promise<boolean>;
  /** Open dead letters, oldest first. */
  list(): Promise<KeptDeadLetter[]>;
  /**
   * Publishes the unchanged event again on its topic. Every consumer receives it. A consumer that has applied
   * it already changes nothing, because the event is not newer than the consumer's state. A consumer that
   * still cannot apply it puts it aside again.
   */
  replay(letter: KeptDeadLetter): Promise<void>;
  /** Closes a dead letter without replaying it. */
  discard(letter: KeptDeadLetter): Promise<void>;
  close(): Promise<void>;
}
