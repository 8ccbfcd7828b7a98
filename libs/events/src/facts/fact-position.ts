import type { FactOwner } from '@payer/smart';
import { rowsFrom, type TransactionClient } from '../outbox/outbox.js';

/** How far a feed has been read: the facts of this database, up to this cursor. */
export interface FactPosition {
  identity: string;
  cursor: string;
}

/** Where a reader keeps its position between processes. */
export interface FactPositions {
  load(owner: FactOwner): Promise<FactPosition | undefined>;
  save(owner: FactOwner, position: FactPosition): Promise<void>;
}

/** Positions in the database that the facts are applied to: a restore of that database takes them back together. */
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
    // A database that was restored since has not got the facts of this position.
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
