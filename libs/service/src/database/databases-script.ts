import { databaseAccess, serviceDatabases, serviceNames } from '@payer/smart';
import { clusterStatements, databaseStatements, roleStatements } from './roles.js';

/** The databases of a system with Kafka as its event transport. */
const containerDatabases = databaseAccess.filter(({ database }) => database !== 'events');

/** Environment variable for the password of a role. */
const variableOf = (role: string) => `${role.toUpperCase()}_DATABASE_PASSWORD`;

const head = `#!/usr/bin/env bash
# Made from the table in libs/smart/src/databases.ts by \`npm run database-script\`. A test compares the two.
# PostgreSQL of docker-compose.yml runs it when it starts with an empty volume. Each service gets a role that
# serves and a role that owns and migrates. It may run again at any time, also on databases of a version that
# had one role for both:
#   docker compose exec postgres bash /docker-entrypoint-initdb.d/databases.sh
set -euo pipefail

run() { psql --username "\${POSTGRES_USER:-postgres}" --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@"; }
`;

/** The text of deploy/compose/databases.sh. */
export function databasesScript(): string {
  const roles = serviceNames.flatMap((service) => [
    serviceDatabases[service].serves,
    serviceDatabases[service].migrates,
  ]);
  const parts = [head];
  for (const role of roles)
    parts.push(script(`--set password="$${variableOf(role)}"`, roleStatements(role, ":'password'")));
  parts.push(script('', clusterStatements));
  for (const { database } of containerDatabases) {
    parts.push(
      script('', [
        `SELECT 'CREATE DATABASE ${database}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${database}') \\gexec`,
      ]),
    );
    parts.push(script(`--dbname ${database}`, databaseStatements(database)));
  }
  return parts.join('\n');
}

function script(options: string, statements: readonly string[]): string {
  const ended = statements.map((statement) => (statement.endsWith('\\gexec') ? statement : `${statement};`));
  return `run${options ? ` ${options}` : ''} <<'SQL'\n${ended.join('\n')}\nSQL\n`;
}
