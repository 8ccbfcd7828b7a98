import { createHash } from 'node:crypto';

/**
 * The part of an event that the journal and {@link FactsOwner.apply} need. Every published event (CloudEvents
 * 1.0) has it.
 */
export interface JournaledEvent {
  id: string;
  type: string;
  subject: string;
  /** ISO 8601. */
  time: string;
  data: unknown;
}

/** One line of the journal. */
export interface JournalEntry {
  /**
   * Id of the database that the fact belongs to (`database_identity.id`). Each database numbers its entries
   * from 1.
   */
  database: string;
  /** Sequential number, without gaps. */
  number: number;
  /** Time of the write; ISO 8601. */
  at: string;
  /** null in the mark that compaction leaves: missing entries up to `number` are no longer needed. */
  event: JournaledEvent | null;
}

const checksum = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The entry as a line, with a checksum as its last member. */
export function lineOf(entry: JournalEntry): string {
  const text = JSON.stringify(entry);
  return `${text.slice(0, -1)},"checksum":"${checksum(text)}"}\n`;
}

/**
 * Parses a line without its line break.
 * @returns undefined when the line is torn or was changed
 */
export function entryOf(line: string): JournalEntry | undefined {
  const match = /^(.*),"checksum":"([0-9a-f]{16})"\}$/s.exec(line);
  if (!match) return undefined;
  const text = `${match[1]}}`;
  return checksum(text) === match[2] ? (JSON.parse(text) as JournalEntry) : undefined;
}
