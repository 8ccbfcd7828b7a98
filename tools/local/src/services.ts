import { databaseAccess, environmentRules, variablesOfEach } from '@payer/smart';

/** The four services of a local system: port, database and arguments of the process. */
export const services = [
  { name: 'auth-server', port: 4000, database: 'auth_server', nodeArguments: [] },
  { name: 'registration', port: 4001, database: 'registration', nodeArguments: [] },
  { name: 'consent', port: 4002, database: 'consent', nodeArguments: [] },
  { name: 'fhir-api', port: 4003, database: undefined, nodeArguments: ['--max-old-space-size=128'] },
] as const;

export type ServiceName = (typeof services)[number]['name'];
export type Ports = Record<ServiceName | 'postgres', number>;

/** The fixed ports of a local system. */
export const localPorts: Ports = {
  'auth-server': 4000,
  registration: 4001,
  consent: 4002,
  'fhir-api': 4003,
  postgres: 54329,
};

/**
 * The ports of `npm start`: the fixed ports, or five consecutive ports from `LOCAL_PORTS_FROM`, so that a
 * second system can run beside the first. `POSTGRES_PORT` moves the database alone.
 * @throws Error when a variable is not a port
 */
export function portsFrom(environment: Record<string, string | undefined>): Ports {
  const port = (name: string): number | undefined => {
    const value = environment[name];
    if (!value) return undefined;
    if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65_530)
      throw new Error(`${name} is "${value}": it must be a port, 1 to 65530`);
    return Number(value);
  };
  const from = port('LOCAL_PORTS_FROM');
  const ports = { ...localPorts };
  if (from !== undefined) {
    services.forEach(({ name }, i) => (ports[name] = from + i));
    ports.postgres = from + services.length;
  }
  return { ...ports, postgres: port('POSTGRES_PORT') ?? ports.postgres };
}

export const databases: readonly string[] = databaseAccess.map(({ database }) => database);

/** Environment variables for every process of a system on these ports. */
export function systemVariables(
  ports: Ports,
  databaseUrl: (database: string) => string,
): Record<string, string> {
  return {
    AUTH_SERVER_URL: `http://localhost:${ports['auth-server']}`,
    REGISTRATION_URL: `http://localhost:${ports.registration}`,
    CONSENT_URL: `http://localhost:${ports.consent}`,
    ...variablesOfEach(
      'FHIR_BASE_URL',
      (name) => `http://localhost:${ports['fhir-api']}${environmentRules[name].localFhirPath}`,
    ),
    ...variablesOfEach('DATABASE_URL', (name) => databaseUrl(`fhir_${name}`)),
    EVENTS_DATABASE_URL: databaseUrl('events'),
  };
}
