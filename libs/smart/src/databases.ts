import { environments } from './environments.js';
import { serviceNames, type ServiceName } from './events.js';

/** The two roles of a database: one serves, and the other owns everything and migrates. */
interface DatabaseRoles {
  /** Reads and writes rows while the service runs; cannot create, alter or drop anything. */
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
 * The log of the PostgreSQL transport. Every serving role may connect. Functions and row security limit each
 * role to the topics that its service may publish to, and to the topics that it acts on.
 */
export const eventsDatabase = { name: 'events', migrates: 'events_owner' } as const;

/** Every database with its owner and the other roles that may connect. */
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
