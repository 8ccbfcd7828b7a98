/**
 * The two worlds of the platform. Each has its own FHIR base URL, issuer, keys, data and member directory;
 * a token of one is worth nothing in the other.
 */
export const environments = ['sandbox', 'production'] as const;
export type Environment = (typeof environments)[number];

export function isEnvironment(value: unknown): value is Environment {
  return environments.includes(value as Environment);
}

/** The public addresses of one environment; absolute URLs without a trailing slash. */
export interface EnvironmentAddresses {
  environment: Environment;
  /** Base of the FHIR API: what `aud` of a token says and what apps call. */
  fhirBaseUrl: string;
  /** Issuer, the same string in SMART configuration, OpenID configuration, `id_token` and introspection. */
  issuer: string;
  /** Where a member sees and disconnects apps (SMART `management_endpoint`), with a trailing slash. */
  managementUrl: string;
  /** RFC 7591 registration endpoint, shared by both environments. */
  registrationUrl: string;
}

export type Addresses = Record<Environment, EnvironmentAddresses>;

/**
 * Finds the environment a request belongs to by matching host and path with the configured base URLs; the
 * longest base that fits wins, so one base may be a prefix of the other.
 *
 * @param host the `Host` header, as sent
 * @param path the path of the request, query excluded
 * @returns the environment and the rest of the path below its base (`''` or starting with `/`), or undefined
 */
export function findEnvironment(
  addresses: Addresses,
  host: string,
  path: string,
): { environment: Environment; rest: string } | undefined {
  return baseTable(addresses)
    .filter((base) => base.hosts.has(host.toLowerCase()))
    .filter((base) => path === base.path || path.startsWith(`${base.path}/`))
    .map(({ environment, path: { length } }) => ({ environment, rest: path.slice(length) }))
    .at(0);
}

interface Base {
  environment: Environment;
  /** As a `Host` header may say it: a port that is the scheme's own may be left out or not (RFC 9110 §4.2.3). */
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

/** True when `audience` names the FHIR base of the environment, with or without a trailing slash (SMART 2.2 §2.0.7 `aud`). */
export function isFhirBase(addresses: EnvironmentAddresses, audience: string): boolean {
  return audience.replace(/\/$/, '') === addresses.fhirBaseUrl.replace(/\/$/, '');
}
