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
  return {
    async load(owner) {
      const [row] = rowsFrom<FactPosition>(
        await client.query('SELECT identity, cursor FROM fact_position WHERE owner = $1', [owner]),
      );
      return row;
    },
    async save(owner, { identity, cursor }) {
      await client.query(
        `INSERT INTO fact_position (owner, identity, cursor) VALUES ($1, $2, $3)
         ON CONFLICT (owner) DO UPDATE SET identity = excluded.identity, cursor = excluded.cursor, read_at = now()`,
        [owner, identity, cursor],
      );
    },
  };
}
