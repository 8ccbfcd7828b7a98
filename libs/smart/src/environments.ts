import { environmentRules, type EnvironmentRule } from './environment-table.js';

export { environmentRules, type EnvironmentRule };

export type Environment = keyof typeof environmentRules;
export const environments = Object.keys(environmentRules) as Environment[];

export function isEnvironment(value: unknown): value is Environment {
  return environments.includes(value as Environment);
}

/** @throws Error for a name outside the table */
export function environmentRule(environment: Environment): EnvironmentRule {
  if (!isEnvironment(environment))
    throw new Error(
      `There is no environment ${environment}; the environments are ${environments.join(', ')}.`,
    );
  return environmentRules[environment];
}

/** Whether the records of an environment are invented, so that pages and logs may show them. */
export const isSynthetic = (environment: Environment): boolean =>
  environmentRule(environment).data === 'synthetic';

/** A record with one value per environment. */
export function byEnvironment<T>(of: (environment: Environment) => T): Record<Environment, T> {
  return Object.fromEntries(environments.map((name) => [name, of(name)])) as Record<Environment, T>;
}

/** Matches the name of any environment, as a part of a regular expression or of a controller's path. */
export const environmentPattern = `(${environments.join('|')})`;

/**
 * A path that begins with the name of an environment, in NestJS syntax. Its controller gets the parameter
 * `environment`.
 */
export const environmentPath = `:environment${environmentPattern}`;

/** Name of a configuration variable that exists per environment: `SANDBOX_DATABASE_URL`. */
export type EnvironmentVariable<Name extends string> = `${Uppercase<Environment>}_${Name}`;

export function environmentVariable<const Name extends string>(
  environment: Environment,
  name: Name,
): EnvironmentVariable<Name> {
  environmentRule(environment);
  return `${environment.toUpperCase() as Uppercase<Environment>}_${name}`;
}

/** One variable per environment. */
export function variablesOfEach<const Name extends string, T>(
  name: Name,
  of: (environment: Environment) => T,
): Record<EnvironmentVariable<Name>, T> {
  return Object.fromEntries(
    environments.map((environment) => [environmentVariable(environment, name), of(environment)]),
  ) as Record<EnvironmentVariable<Name>, T>;
}

/**
 * The environment of a variable such as `SANDBOX_DATABASE_URL`, given the part after the environment as
 * `name`.
 */
export function environmentOfVariable(variable: string, name: string): Environment | undefined {
  return environments.find((environment) => environmentVariable(environment, name) === variable);
}

/** The public addresses of one environment: absolute URLs without a trailing slash. */
export interface EnvironmentAddresses {
  environment: Environment;
  /** Base URL of the FHIR API: the `aud` of a token, and the address that apps call. */
  fhirBaseUrl: string;
  /** Issuer; the same string in SMART configuration, OpenID configuration, `id_token` and introspection. */
  issuer: string;
  /**
   * Address at which a member sees and disconnects apps (SMART `management_endpoint`), with a trailing slash.
   */
  managementUrl: string;
  /** RFC 7591 registration endpoint, shared by both environments. */
  registrationUrl: string;
}

export type Addresses = Record<Environment, EnvironmentAddresses>;

/**
 * Finds the environment of a request by matching host and path with the configured base URLs. The longest
 * matching base wins, so one base may be a prefix of another.
 *
 * @param host the `Host` header, as sent
 * @param path the path of the request, without the query
 * @returns the environment and the rest of the path below its base (`''` or starting with `/`), or undefined
 */
export function findEnvironment(
  addresses: Addresses,
  host: string,
  path: string,
): { environment: Environment; rest: string } | undefined {
  const name = host.toLowerCase();
  for (const { environment, hosts, path: base } of baseTable(addresses))
    if (
      path.startsWith(base) &&
      (path.length === base.length || path[base.length] === '/') &&
      hosts.has(name)
    )
      return { environment, rest: path.slice(base.length) };
  return undefined;
}

interface Base {
  environment: Environment;
  /** Accepted `Host` headers: with and without the scheme's default port (RFC 9110 §4.2.3). */
  hosts: ReadonlySet<string>;
  path: string;
}

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' };

const tables = new WeakMap<Addresses, Base[]>();

function baseTable(addresses: Addresses) {
  let table = tables.get(addresses);
  if (!table) {
    table = environments
      .map((environment) => {
        const { protocol, hostname, port, host, pathname } = new URL(addresses[environment].fhirBaseUrl);
        const hosts = new Set([host, `${hostname}:${port || defaultPorts[protocol]}`]);
        return { environment, hosts, path: pathname.replace(/\/$/, '') };
      })
      .sort((a, b) => b.path.length - a.path.length);
    tables.set(addresses, table);
  }
  return table;
}

/**
 * Whether `audience` is the environment's FHIR base, with or without a trailing slash (SMART 2.2 §2.0.7
 * `aud`).
 */
export function isFhirBase(addresses: EnvironmentAddresses, audience: string): boolean {
  return audience.replace(/\/$/, '') === addresses.fhirBaseUrl.replace(/\/$/, '');
}
