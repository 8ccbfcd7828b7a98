import type { DataSource } from 'typeorm';
import { rowsOf } from './database.js';

/** What the serving role may do with tables beside the usual (read, add, change and remove rows). */
export interface TableRights {
  /** Tables that it only reads. */
  read?: readonly string[];
  /** Tables to which it only adds rows: nothing that it has written can be changed or removed by it. */
  append?: readonly string[];
}

/** TypeORM's list of the migrations that were run. */
const migrationsTable = 'migrations';

/**
 * Gives the serving role its rights on all tables there are, after the migrations and as their owner. Partitions are reached
 * through their table only, so that no right on a partition goes around the table's.
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
