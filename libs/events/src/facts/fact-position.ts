import type { FactOwner } from '@payer/smart';
import { rowsFrom, type TransactionClient } from '../database/transaction-client.js';

/** Position in a feed: the identity of the owner's database, and the cursor of the last reading. */
export interface FactPosition {
  identity: string;
  cursor: string;
}

/** Stores a reader's positions between processes. */
export interface FactPositions {
  load(owner: FactOwner): Promise<FactPosition | undefined>;
  save(owner: FactOwner, position: FactPosition): Promise<void>;
}

/** Positions in the same database as the applied facts, so that a restore takes both back together. */
export function positionsIn(client: TransactionClient): FactPositions {
  const loadedFrom = new Map<FactOwner, string>();
  return {
    async load(owner) {
      const [row] = rowsFrom<Partial<FactPosition> & { id: string }>(
        await client.query(
          `SELECT database_identity.id, fact_position.identity, cursor
           FROM database_identity LEFT JOIN fact_position ON owner = $1`,
          [owner],
        ),
      );
      loadedFrom.set(owner, row!.id);
      return row?.identity && row.cursor ? { identity: row.identity, cursor: row.cursor } : undefined;
    },
    // The condition on the id skips the write when the database was restored since: it lacks the facts of
    // this position.
    async save(owner, { identity, cursor }) {
      await client.query(
        `INSERT INTO fact_position (owner, identity, cursor)
         SELECT $1, $2, $3 FROM database_identity WHERE id = $4
         ON CONFLICT (owner) DO UPDATE SET identity = excluded.identity, cursor = excluded.cursor, read_at = now()`,
        [owner, identity, cursor, loadedFrom.get(owner)],
      );
    },
  };
}
