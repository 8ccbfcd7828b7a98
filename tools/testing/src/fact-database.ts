import type { FactsAnswer } from '@payer/smart';

interface Row {
  changedBy: number;
  changedAt: number;
  fact: unknown;
}

/** A copy of an earlier state of the database. */
export interface Backup {
  rows: ReadonlyMap<string, Row>;
  nextTransaction: number;
}

/** A change with a transaction id that is not committed yet. */
export interface OpenTransaction {
  key: string;
  /** @returns whether it was committed; false when a restore has removed the transaction */
  commit(): boolean;
  rollback(): void;
}

/** A reader's request to a feed. */
interface FeedQuery {
  after?: string;
  page?: string;
  recent?: string;
}

/**
 * A database of an owner of facts for tests of its feed: overlapping transactions, snapshots, restores. It is
 * in memory and uses the clock of the test. The real one is `libs/events/src/facts/read-facts.ts`.
 */
export class FactDatabase {
  private rows = new Map<string, Row>();
  private open = new Map<number, string>();
  private nextTransaction = 1;
  private restores = 0;
  private restoredAt: number | undefined;

  /**
   * @param now milliseconds
   * @param pageSize facts in one answer
   */
  constructor(
    private readonly name: string,
    private readonly now: () => number,
    private readonly pageSize: number,
  ) {}

  /** Begins a change of one fact. Undefined while another transaction has locked the row. */
  begin(key: string, fact: unknown): OpenTransaction | undefined {
    if ([...this.open.values()].includes(key)) return undefined;
    const { restores } = this;
    const changedBy = this.nextTransaction++;
    const changedAt = this.now();
    this.open.set(changedBy, key);
    return {
      key,
      commit: () => {
        if (this.restores !== restores || !this.open.delete(changedBy)) return false;
        this.rows.set(key, { changedBy, changedAt, fact });
        return true;
      },
      rollback: () => {
        if (this.restores === restores) this.open.delete(changedBy);
      },
    };
  }

  /** A change that is committed at once. */
  write(key: string, fact: unknown): void {
    this.begin(key, fact)?.commit();
  }

  get(key: string): unknown {
    return this.rows.get(key)?.fact;
  }

  get keys(): string[] {
    return [...this.rows.keys()];
  }

  backup(): Backup {
    return { rows: new Map(this.rows), nextTransaction: this.nextTransaction };
  }

  /** Replaces the database by a backup. Open transactions are lost. */
  restore(backup: Backup): void {
    this.rows = new Map(backup.rows);
    this.open.clear();
    this.nextTransaction = backup.nextTransaction;
    this.restores += 1;
    this.restoredAt = this.now();
  }

  /** One page of the feed, read in one snapshot. */
  answer({ after = '0', page, recent }: FeedQuery): FactsAnswer {
    const [from, fromKey] = page ? page.split(':') : [after, ''];
    const found = [...this.rows]
      .map(([key, row]) => ({ key, ...row }))
      .filter(
        ({ changedBy, key }) => changedBy > Number(from) || (changedBy === Number(from) && key > fromKey!),
      )
      .filter(({ changedAt }) => recent === undefined || changedAt > this.now() - Number(recent) * 1000)
      .sort((a, b) => a.changedBy - b.changedBy || (a.key < b.key ? -1 : 1))
      .slice(0, this.pageSize);
    const last = found.length === this.pageSize ? found.at(-1)! : undefined;
    return {
      identity: `${this.name}:${this.restores}`,
      restored_seconds_ago: this.restoredAt === undefined ? null : (this.now() - this.restoredAt) / 1000,
      cursor: String(Math.min(this.nextTransaction, ...this.open.keys())),
      next: last ? `${last.changedBy}:${last.key}` : null,
      facts: found.map(({ fact }) => fact),
    };
  }
}
