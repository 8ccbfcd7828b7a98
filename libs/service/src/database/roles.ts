import { databaseAccess } from '@payer/smart';

/*
 * Roles and databases of a PostgreSQL cluster, from the table in libs/smart/src/databases.ts. `npm start`
 * runs these statements, and deploy/compose/databases.sh contains them for containers. All statements may be
 * repeated at any time.
 */

/**
 * Creates a role, or sets the password of an existing role.
 * @param password an SQL literal
 */
export function roleStatements(role: string, password: string): string[] {
  return [
    `DO $$ BEGIN IF to_regrole('${role}') IS NULL THEN CREATE ROLE ${role}; END IF; END $$`,
    `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${password}`,
  ];
}

/**
 * Revokes access to databases that no service's role needs. Run as a superuser, connected to any database.
 */
export const clusterStatements: readonly string[] = ['postgres', 'template1'].map(
  (database) => `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
);

/**
 * Gives a database to its owner and lets the serving roles connect. Run as a superuser, connected to that
 * database.
 */
export function databaseStatements(database: string): string[] {
  const access = databaseAccess.find((one) => one.database === database);
  if (!access) throw new Error(`no service has the database ${database}`);
  const { owner, serving } = access;
  return [
    `ALTER DATABASE ${database} OWNER TO ${owner}`,
    // This revokes TEMPORARY, too: a serving role creates no tables.
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${database} TO ${serving.join(', ')}`,
    `ALTER SCHEMA public OWNER TO ${owner}`,
    'REVOKE ALL ON SCHEMA public FROM PUBLIC',
    `GRANT USAGE ON SCHEMA public TO ${serving.join(', ')}`,
    takeOver(owner),
  ];
}

/**
 * Transfers tables and functions that another role created before the owner existed. Indexes and column
 * sequences follow their tables.
 */
function takeOver(owner: string): string {
  return `DO $$
DECLARE one record;
BEGIN
  FOR one IN
    SELECT c.oid::regclass AS name FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> '${owner}'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i', 'e'))
    LOOP EXECUTE format('ALTER TABLE %s OWNER TO ${owner}', one.name); END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND proowner <> '${owner}'::regrole
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO ${owner}', one.name); END LOOP;
END $$`;
}
