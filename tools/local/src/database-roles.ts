import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Client } from 'pg';
import { clusterStatements, databaseStatements, roleStatements } from '@payer/service/roles';
import {
  databaseAccess,
  databaseRoles,
  eventsDatabase,
  serviceDatabases,
  variablesOfEach,
} from '@payer/smart';
import type { ServiceName } from './services.js';

/** Connection URLs of the databases, with the serving roles and with their owners. */
export interface RoleUrls {
  /** Variables for a serving process. */
  serving(service: ServiceName): Record<string, string>;
  /** Additional variables for the migrations and the loader. */
  migrating(service: ServiceName): Record<string, string>;
}

/** Random passwords of all roles, generated once, in a file that only its owner may read. */
function passwordsIn(file: string): Record<string, string> {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {};
  const missing = databaseRoles.filter((role) => known[role] === undefined);
  for (const role of missing) known[role] = randomBytes(24).toString('base64url');
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (missing.length > 0) writeFileSync(file, JSON.stringify(known), { mode: 0o600 });
  return known;
}

/**
 * Creates the roles of all services and gives each database to its owner. Runs as a superuser, and may be
 * repeated at every start.
 * @param superuserUrl of a database
 */
export async function createDatabaseRoles(
  superuserUrl: (database: string) => string,
  passwordFile: string,
): Promise<RoleUrls> {
  const passwords = passwordsIn(passwordFile);
  await execute(superuserUrl('postgres'), (client) => [
    ...databaseRoles.flatMap((role) => roleStatements(role, client.escapeLiteral(passwords[role]!))),
    ...clusterStatements,
  ]);
  await Promise.all(
    databaseAccess.map(({ database }) => execute(superuserUrl(database), () => databaseStatements(database))),
  );
  const url = (role: string, database: string) => {
    const as = new URL(superuserUrl(database));
    as.username = role;
    as.password = passwords[role]!;
    return as.href;
  };
  const variables = (service: ServiceName, role: string, infix: '' | 'MIGRATION_') => {
    const { databases } = serviceDatabases[service];
    if (service !== 'fhir-api') return { [`${infix}DATABASE_URL`]: url(role, databases[0]!) };
    return variablesOfEach(`${infix}DATABASE_URL`, (environment) => url(role, `fhir_${environment}`));
  };
  return {
    serving: (service) => {
      const { serves } = serviceDatabases[service];
      return { ...variables(service, serves, ''), EVENTS_DATABASE_URL: url(serves, eventsDatabase.name) };
    },
    migrating: (service) => ({
      ...variables(service, serviceDatabases[service].migrates, 'MIGRATION_'),
      EVENTS_MIGRATION_DATABASE_URL: url(eventsDatabase.migrates, eventsDatabase.name),
    }),
  };
}

async function execute(url: string, statements: (client: Client) => string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements(client)) await client.query(statement);
  } finally {
    await client.end();
  }
}
