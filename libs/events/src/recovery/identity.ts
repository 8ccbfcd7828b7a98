import type { JournalPositions } from '../journal/reader.js';
import { queryRows, type Queries } from './queries.js';

/** What PostgreSQL says of the database that a session is connected to. Differs after a restore, a promotion, a copy. */
export interface PhysicalIdentity {
  /** Of the cluster; `initdb` makes it. */
  system_identifier: string;
  /** Hexadecimal; a promotion or a recovery to a point in time begins a new one. */
  timeline: string;
  /** Of the database; `CREATE DATABASE` makes it. */
  database_oid: string;
}

/** The row in which a database keeps who it is. */
export interface StoredIdentity extends Nullable<PhysicalIdentity> {
  /** Changes with every recovery: a reader of this database's facts begins anew (decision 20). */
  id: string;
  /** Up to where the journal is known to hold nothing that this database lacks. */
  journal_positions: JournalPositions;
}

export type Nullable<T> = { [Member in keyof T]: T[Member] | null };

export interface IdentityRecord {
  physical: PhysicalIdentity;
  /** What PostgreSQL says is null before the first start. */
  stored: StoredIdentity;
}

/** The columns of {@link PhysicalIdentity}, as an SQL select list; fails on a standby, which takes no writes. */
export const physicalIdentityColumns = `
  (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
  left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline,
  (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database_oid`;

/**
 * Reads both sides of the identity in one snapshot. Every role may.
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

/** Whether a database has never been started, and so cannot have been restored. */
export function isNew(stored: StoredIdentity): boolean {
  return stored.system_identifier === null;
}

/** Whether a database is the one that wrote its row. */
export function isSameDatabase(physical: PhysicalIdentity, stored: StoredIdentity): boolean {
  return (
    physical.system_identifier === stored.system_identifier &&
    physical.timeline === stored.timeline &&
    physical.database_oid === stored.database_oid
  );
}
