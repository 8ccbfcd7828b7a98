import type { ChildProcess } from 'node:child_process';
import type { BrokerPlace } from './settings.js';

/** A way to run a broker. */
export interface Engine {
  /** For people: "Docker", "Java". */
  name: string;
  /**
   * Starts a broker whose log goes to the open file `log`; resolves when the process exists, not when it is
   * ready.
   */
  launch(place: BrokerPlace, log: number): Promise<Launched>;
}

export interface Launched {
  process: ChildProcess;
  /** Sends a signal to the broker itself. `SIGSTOP` freezes it, `SIGCONT` lets it go on. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Ends the broker at once and without waiting, for when this process is itself ending. */
  killNow(): void;
}
