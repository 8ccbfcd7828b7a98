import type { DeadLetter } from './delivery.js';

export interface KeptDeadLetter extends DeadLetter {
  id: string;
  /** When it was put aside (ISO 8601). */
  at: string;
}

/** Where a transport keeps the events that were put aside, until somebody has dealt with them. */
export interface DeadLetters {
  /** @returns false when the event was put aside from the same place in the log before, be it dealt with or not */
  keep(letter: DeadLetter): Promise<boolean>;
  /** Those nobody has dealt with yet, oldest first. */
  list(): Promise<KeptDeadLetter[]>;
  /**
   * Sends the event again on its topic, as it was. Every consumer gets it again; those that had applied it change nothing,
   * because it is not newer than what they know. One that still cannot be applied is put aside again.
   */
  replay(letter: KeptDeadLetter): Promise<void>;
  /** Deals with it by doing nothing. */
  discard(letter: KeptDeadLetter): Promise<void>;
  close(): Promise<void>;
}
