import type { FactOwner } from '@payer/smart';
import type { FactSource } from '../facts/read-facts.js';
import type { JournaledEvent } from '../journal/entry.js';
import type { Queries } from './queries.js';

/**
 * The recovery functions of a service that owns facts. They ensure that no restore of its database
 * reactivates a revoked fact (decision 26).
 */
export interface FactsOwner {
  service: FactOwner;
  /** Whether the event belongs in the journal. */
  isJournaled(event: JournaledEvent): boolean;
  /**
   * Applies facts from the journal to the database, in the transaction of the client. Applying them again
   * changes nothing.
   * @param events oldest first
   */
  apply(client: Queries, events: readonly JournaledEvent[]): Promise<void>;
  /**
   * After a loss of facts, revokes records that neither the database nor the journal can confirm, in the
   * transaction of the client: for example sessions that may have been signed out.
   */
  forgetUnconfirmed(client: Queries): Promise<void>;
  /**
   * After a recovery, raises the versions of all facts above every version that a consumer may have read, in
   * the transaction of the client. Consumers read facts from the feed and from the log before the journal has
   * them, so neither the database nor the journal knows the highest version. Absent when consumers do not
   * compare versions, because their facts never change back.
   */
  raiseVersions?(client: Queries): Promise<void>;
  /**
   * Revokes everything older than the restore, in the transaction of the client: for a restore without a
   * journal.
   * @param confirmed ids of records that are known not to be revoked
   * @returns one line of report per kind of record
   */
  endAll(client: Queries, confirmed: ReadonlySet<string>): Promise<string[]>;
  /** The facts that consumers must know: the facts of the feed. */
  source: FactSource<FactOwner, never>;
  /** Whether an entry older than every backup is still needed (see `compactJournal`). */
  isNeeded(event: JournaledEvent, isNewest: boolean): boolean;
  /**
   * Compares the newest journal entry of each subject with the database.
   * @returns one line for each fact that the database lacks
   */
  missing(client: Queries, events: readonly JournaledEvent[]): Promise<string[]>;
}
