import { textAsBytes } from '../postgres/bytes-client.js';
import type { Database, Text } from '../postgres/database.js';
import { atEndOfTurn } from '../postgres/end-of-turn.js';

export interface ReadRow {
  json: Text;
  version: number;
  last_updated: Date;
}

/** The two texts of a statement that reads resources of one table. */
export interface ReadStatement {
  name: string;
  /** For one resource: `$1` is the type, `$2` the id, `$3` the withheld labels, `$4` the patient. */
  one: string;
  /**
   * For many resources: arrays in place of `$1`, `$2` and `$4`. A row names by `n` the place of its resource
   * in the arrays, from 1 on.
   */
  many: string;
}

/** A resource, and the patient in whose compartment it is read. */
interface Key {
  type: string;
  id: string;
  patient: string | undefined;
}

interface Read extends Key {
  resolve(row: ReadRow | undefined): void;
  reject(error: unknown): void;
}

/**
 * Most reads in one statement. A read waits for the rows of its statement, so they must be few. The cost of a
 * read hardly falls further.
 */
const defaultMaxCombined = 16;
/** Fewer reads cost less alone: a statement for many resources opens every partition of its table. */
const minCombined = 3;

/**
 * Reads by key. Reads that arrive in one turn of the event loop share a statement if they differ only in
 * their keys. The statement limits each row to the patient of the row's key.
 */
export class CombinedReads {
  /** The reads of this turn, by the labels that they withhold. */
  private waiting = new Map<string, Read[]>();

  constructor(
    private readonly database: Database,
    private readonly statement: ReadStatement,
    private readonly maxCombined = defaultMaxCombined,
  ) {}

  /** @param withheld labels as the text of an array */
  read({ type, id, patient }: Key, withheld: string): Promise<ReadRow | undefined> {
    return new Promise((resolve, reject) => {
      const read = { type, id, patient, resolve, reject };
      if (this.maxCombined < minCombined) return this.sendOne(read, withheld);
      if (this.waiting.size === 0) atEndOfTurn(() => this.send());
      const others = this.waiting.get(withheld);
      if (others) others.push(read);
      else this.waiting.set(withheld, [read]);
    });
  }

  private send(): void {
    const { waiting } = this;
    this.waiting = new Map();
    for (const [withheld, reads] of waiting)
      for (let at = 0; at < reads.length; at += this.maxCombined)
        this.sendSome(reads.slice(at, at + this.maxCombined), withheld);
  }

  private sendSome(reads: readonly Read[], withheld: string): void {
    if (reads.length < minCombined) for (const read of reads) this.sendOne(read, withheld);
    else this.sendMany(reads, withheld);
  }

  private sendOne({ type, id, patient, resolve, reject }: Read, withheld: string): void {
    const { name, one: text } = this.statement;
    const values = [type, id, withheld, ...(patient === undefined ? [] : [patient])];
    this.database
      .query<ReadRow>({ name, text, values, types: textAsBytes })
      .then(({ rows }) => resolve(rows[0]), reject);
  }

  private sendMany(reads: readonly Read[], withheld: string): void {
    const { name, many: text } = this.statement;
    const values: unknown[] = [reads.map(({ type }) => type), reads.map(({ id }) => id), withheld];
    if (reads[0]!.patient !== undefined) values.push(reads.map(({ patient }) => patient));
    this.database
      .query<ReadRow & { n: number }>({ name: `${name}-combined`, text, values, types: textAsBytes })
      .then(
        ({ rows }) => {
          const found = new Array<ReadRow | undefined>(reads.length);
          for (const row of rows) found[row.n - 1] = row;
          reads.forEach(({ resolve }, place) => resolve(found[place]));
        },
        (error: unknown) => {
          for (const read of reads)
            if (isOfOneRow(error)) this.sendOne(read, withheld);
            else read.reject(error);
        },
      );
  }
}

/**
 * Whether one key or one stored row may have caused the error: a value that is no text (class 22), or damaged
 * data (class XX; PostgreSQL 17 manual, appendix A). Each read is then repeated alone, so that only the read
 * at fault fails. Every other error, a time limit for example, is the answer to all reads of the statement.
 */
const isOfOneRow = (error: unknown): boolean => /^(?:22|XX)/.test(String((error as { code?: unknown }).code));
