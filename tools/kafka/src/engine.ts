import type { ChildProcess } from 'node:child_process';
import type { BrokerPlace } from './settings.js';

/** A way to run a broker. */
export interface Engine {
  /** Name for messages: "Docker", "Java". */
  name: string;
  /**
   * Starts a broker with its log in the open file `log`. Resolves when the process exists, not when it is
   * ready.
   */
  launch(place: BrokerPlace, log: number): Promise<Launched>;
}

export interface Launched {
  process: ChildProcess;
  /** Sends a signal to the broker itself. `SIGSTOP` freezes it, `SIGCONT` continues it. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Ends the broker at once and without waiting, because this process itself is ending. */
  killNow(): void;
}
