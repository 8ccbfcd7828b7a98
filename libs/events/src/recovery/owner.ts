import type { FactOwner } from '@payer/smart';
import type { FactSource } from '../facts/read-facts.js';
import type { JournaledEvent } from '../journal/entry.js';
import type { Queries } from './queries.js';

/** What a service that owns facts does so that no restore of its database revives what was ended (decision 26). */
export interface FactsOwner {
  service: FactOwner;
  /** Whether the journal keeps an event. */
  isJournaled(event: JournaledEvent): boolean;
  /**
   * Brings facts of the journal into the database, in the transaction of the client. Applying them again changes nothing.
   * @param events the oldest first
   */
  apply(client: Queries, events: readonly JournaledEvent[]): Promise<void>;
  /**
   * Ends what neither the database nor the journal can confirm after facts were lost, in the transaction of the client:
   * sessions that may have been signed out, say.
   */
  forgetUnconfirmed(client: Queries): Promise<void>;
  /**
   * Ends everything that is older than the restore, in the transaction of the client: for a restore without a journal.
   * @param confirmed ids of things whose end is known not to exist
   * @returns what was done, a line for each kind
   */
  endAll(client: Queries, confirmed: ReadonlySet<string>): Promise<string[]>;
  /** The facts that consumers have to know: those of the feed. */
  source: FactSource<FactOwner, never>;
  /** Whether an entry older than any backup is needed still (see `compactJournal`). */
  isNeeded(event: JournaledEvent, isNewest: boolean): boolean;
  /**
   * Compares the journal's newest word on each thing with the database.
   * @returns a line for each fact that the database lacks
   */
  missing(client: Queries, events: readonly JournaledEvent[]): Promise<string[]>;
}
