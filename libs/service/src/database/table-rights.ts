import type { DataSource } from 'typeorm';
import { rowsOf } from './rows-of.js';

/** Tables on which the serving role has other rights than the default (read, add, change and remove rows). */
export interface TableRights {
  /** Tables that the role may only read. */
  read?: readonly string[];
  /**
   * Tables to which the role may only add rows. It can neither change nor remove rows that it has written.
   */
  append?: readonly string[];
}

/** TypeORM's table of executed migrations. */
const migrationsTable = 'migrations';

/**
 * Grants the serving role its rights on all existing tables. Runs after the migrations, as the owner. The
 * role reaches partitions only through their table, so no right on a partition bypasses the table's rights.
 */
export async function grantRights(source: DataSource, role: string, rights: TableRights): Promise<void> {
  const [known] = await rowsOf<{ oid: string | null; owns: boolean }>(
    source,
    'SELECT to_regrole($1)::text AS oid, $1 = current_user AS owns',
    [role],
  );
  if (known?.oid === null || known?.owns) return;
  const tables = await rowsOf<{ name: string }>(
    source,
    `SELECT relname AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
       AND NOT relispartition AND relowner = current_user::regrole ORDER BY 1`,
  );
  const to = `"${role.replaceAll('"', '""')}"`;
  await source.transaction(async (manager) => {
    for (const { name } of tables) {
      await manager.query(`REVOKE ALL ON "${name}" FROM ${to}`);
      await manager.query(`GRANT ${rightsOn(name, rights)} ON "${name}" TO ${to}`);
    }
    await manager.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${to}`);
  });
}

function rightsOn(table: string, { read = [], append = [] }: TableRights): string {
  if (table === migrationsTable || read.includes(table)) return 'SELECT';
  if (append.includes(table)) return 'SELECT, INSERT';
  return 'SELECT, INSERT, UPDATE, DELETE';
}
