import { rowsFrom, type TransactionClient } from '../database/transaction-client.js';
import { DatabaseNotRecovered } from '../database/database-not-recovered.js';

export interface DatabaseIdentity {
  /** Changes when the database is restored, replaced, copied or promoted. */
  identity: string;
  /** Seconds since the database was restored from a backup; null when it never was. */
  restoredSecondsAgo: number | null;
}

/**
 * Identifies a database by four parts: the cluster (system identifier), its timeline (new after a promotion
 * or a point-in-time recovery), the database within the cluster, and an id of our own that every recovery
 * replaces (decision 26).
 * @throws DatabaseNotRecovered while the database may lack facts
 */
export async function readDatabaseIdentity(client: TransactionClient): Promise<DatabaseIdentity> {
  const [row] = rowsFrom<{ identity: string; restored: number | null; recovered: boolean }>(
    await client.query(`
      SELECT concat_ws(':', (pg_control_system()).system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8),
                       (SELECT oid FROM pg_database WHERE datname = current_database()), id) AS identity,
             extract(epoch FROM now() - restored_at)::float8 AS restored,
             system_identifier IS NULL OR (
               system_identifier = (pg_control_system()).system_identifier::text
               AND timeline = left(pg_walfile_name(pg_current_wal_lsn()), 8)
               AND database_oid = (SELECT oid::text FROM pg_database WHERE datname = current_database())) AS recovered
      FROM database_identity`),
  );
  if (!row) throw new Error('the table database_identity is empty; run the migrations');
  if (!row.recovered)
    throw new DatabaseNotRecovered(
      'the database was restored, promoted or copied, and has not recovered yet',
    );
  return { identity: row.identity, restoredSecondsAgo: row.restored };
}
