import { environments } from './environments.js';
import { serviceNames, type ServiceName } from './events.js';

/** Who may do what with a database: one role serves, another one migrates and owns everything in it. */
interface DatabaseRoles {
  /** Reads and writes rows while the service runs; makes, alters and drops nothing. */
  serves: string;
  /** Owns the databases and runs the migrations. */
  migrates: string;
  databases: readonly string[];
}

/** The databases of each service. No role of a service can connect to a database of another. */
export const serviceDatabases = {
  'auth-server': { serves: 'auth_server', migrates: 'auth_server_owner', databases: ['auth_server'] },
  registration: { serves: 'registration', migrates: 'registration_owner', databases: ['registration'] },
  consent: { serves: 'consent', migrates: 'consent_owner', databases: ['consent'] },
  'fhir-api': {
    serves: 'fhir_api',
    migrates: 'fhir_api_owner',
    databases: environments.map((environment) => `fhir_${environment}`),
  },
} as const satisfies Record<ServiceName, DatabaseRoles>;

/**
 * The log of the PostgreSQL transport. Every serving role connects; functions and row security let it append to the topics
 * that its service may tell, and read those that it acts on.
 */
export const eventsDatabase = { name: 'events', migrates: 'events_owner' } as const;

/** Every database, with the role that owns it and the roles that may connect beside it. */
export const databaseAccess: readonly { database: string; owner: string; serving: readonly string[] }[] = [
  ...serviceNames.flatMap((service) => {
    const { databases, migrates, serves } = serviceDatabases[service];
    return databases.map((database) => ({ database, owner: migrates, serving: [serves] }));
  }),
  {
    database: eventsDatabase.name,
    owner: eventsDatabase.migrates,
    serving: serviceNames.map((service) => serviceDatabases[service].serves),
  },
];

/** Every role of the platform. */
export const databaseRoles: readonly string[] = [
  ...serviceNames.flatMap((service) => [
    serviceDatabases[service].serves,
    serviceDatabases[service].migrates,
  ]),
  eventsDatabase.migrates,
];
