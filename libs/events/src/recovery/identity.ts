import type { JournalPositions } from '../journal/reader.js';
import { queryRows, type Queries } from './queries.js';

/** PostgreSQL's own identity of the connected database. It changes with a restore, a promotion or a copy. */
export interface PhysicalIdentity {
  /** Identifier of the cluster, from `initdb`. */
  system_identifier: string;
  /** Hexadecimal. A promotion or a point-in-time recovery begins a new timeline. */
  timeline: string;
  /** Identifier of the database, from `CREATE DATABASE`. */
  database_oid: string;
}

/** The row in which a database stores its identity. */
export interface StoredIdentity extends Nullable<PhysicalIdentity> {
  /** Changes with every recovery, so that readers of this database's facts start over (decision 20). */
  id: string;
  /** Entry numbers up to which this database holds all entries of the journal. */
  journal_positions: JournalPositions;
}

export type Nullable<T> = { [Member in keyof T]: T[Member] | null };

export interface IdentityRecord {
  physical: PhysicalIdentity;
  /** The members of {@link PhysicalIdentity} are null before the first start. */
  stored: StoredIdentity;
}

/**
 * The columns of {@link PhysicalIdentity}, as an SQL select list. Fails on a standby, which accepts no
 * writes.
 */
const physicalIdentityColumns = `
  (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
  left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
  (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database_oid`;

/**
 * Reads the physical and the stored identity in one snapshot. Every role may read both.
 * @throws the database's error on a standby (55000)
 */
export async function readIdentity(client: Queries): Promise<IdentityRecord> {
  const [row] = await queryRows<IdentityRecord>(
    client,
    `SELECT to_jsonb(physical) AS physical, to_jsonb(stored) AS stored
     FROM (SELECT ${physicalIdentityColumns}) physical, database_identity stored`,
  );
  if (!row) throw new Error('the table database_identity is empty; run the migrations');
  return row;
}

/** Whether a database was never started, and so cannot have been restored. */
export function isNew(stored: StoredIdentity): boolean {
  return stored.system_identifier === null;
}

/** Whether the database is the one that wrote the stored identity. */
export function isSameDatabase(physical: PhysicalIdentity, stored: StoredIdentity): boolean {
  return (
    physical.system_identifier === stored.system_identifier &&
    physical.timeline === stored.timeline &&
    physical.database_oid === stored.database_oid
  );
}
