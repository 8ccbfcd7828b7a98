import { rowsFrom, type TransactionClient } from '../outbox/outbox.js';

export interface DatabaseIdentity {
  /** Changes when the database is restored, replaced, copied or promoted. */
  identity: string;
  /** Seconds since it was restored from a backup; null when never. */
  restoredSecondsAgo: number | null;
}

/**
 * Which database this is: the cluster (system identifier), its timeline (another one after a promotion or a point-in-time
 * recovery), the database within it, and an id of our own that `npm run restore` replaces.
 */
export async function readDatabaseIdentity(client: TransactionClient): Promise<DatabaseIdentity> {
  const [row] = rowsFrom<{ identity: string; restored: number | null }>(
    await client.query(`
      SELECT concat_ws(':', (pg_control_system()).system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8),
                       (SELECT oid FROM pg_database WHERE datname = current_database()), id) AS identity,
             extract(epoch FROM now() - restored_at)::float8 AS restored
      FROM database_identity`),
  );
  if (!row) throw new Error('the table database_identity is empty; run the migrations');
  return { identity: row.identity, restoredSecondsAgo: row.restored };
}
