import { lookup as lookUpName, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The addresses of IPv6 that are in use (RFC 3587 §3). Others have no owner, or contain an IPv4 address: a
 * machine with a tunnel sends ::10.0.0.1 to 10.0.0.1 (RFC 4291 §2.5.5.1).
 */
const globalUnicast = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/** The result of a name lookup, as `net.connect` expects it. */
type LookupDone = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * Decides which addresses a request may reach whose URL a developer has chosen, so that no URL leads into the
 * plan's network (server-side request forgery). Names are checked when the connection is made, because a name
 * can point elsewhere a minute after it was saved. A local system may also reach its own machine, except the
 * ports of the platform.
 */
export class OutboundTarget {
  private readonly ownPorts: ReadonlySet<string>;

  /**
   * @param config the configuration of the service. The ports in it are ports of the platform
   * @param isLoopbackAllowed whether URLs may lead to this machine
   * @param path the path of the example in the refusal's text
   */
  constructor(
    config: object,
    private readonly isLoopbackAllowed: boolean,
    private readonly path: string,
  ) {
    this.ownPorts = portsOf(config);
  }

  /** The reason to refuse a URL before any name lookup, for a form. Undefined when the URL may be tried. */
  refusalOf(text: string): string | undefined {
    if (!URL.canParse(text)) return `must be an absolute URL such as https://client-app.example${this.path}`;
    const url = new URL(text);
    const host = hostOf(url);
    const isLocal = this.isLoopbackAllowed && isLoopbackName(host);
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
      return this.isLoopbackAllowed
        ? 'must begin with https:// (http:// is for receivers on this machine)'
        : 'must begin with https://';
    if (url.username || url.password) return 'must not contain a user name or a password';
    if (url.hash) return 'must not have a fragment';
    if (isIP(host) && !this.isAllowed(host)) return 'must not lead to an inner address';
    if (isLoopbackName(host) && !isLocal) return 'must not lead to an inner address';
    if (isLocal && this.ownPorts.has(portOf(url))) return 'must not lead to a port of the platform';
    return undefined;
  }

  /** Resolves a host for the connection and fails unless every address of it is allowed. */
  readonly lookup = (host: string, options: LookupOptions, done: LookupDone): void => {
    lookUpName(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      const inner = addresses.find(({ address }) => !this.isAllowed(address, host));
      const [first] = addresses;
      if (inner || !first) return done(new InnerAddress(host), []);
      return options.all ? done(null, addresses) : done(null, first.address, first.family);
    });
  };

  /** @param host the name that was resolved; loopback is allowed under its usual names only */
  private isAllowed(address: string, host = address): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    const range = parsed.range();
    if (range === 'loopback') return this.isLoopbackAllowed && isLoopbackName(host);
    return range === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(globalUnicast));
  }
}

/**
 * Whether URLs of developers may lead to this machine.
 * @param choice the variable that decides; unset means allowed, and refused with `NODE_ENV=production`
 */
export const isLoopbackAllowed = (choice: 'allowed' | 'refused' | undefined, nodeEnv: string): boolean =>
  (choice ?? (nodeEnv === 'production' ? 'refused' : 'allowed')) === 'allowed';

/** The name in the URL leads to an address of an inner network. */
export class InnerAddress extends Error {
  override readonly name = 'InnerAddress';

  constructor(host: string) {
    super(`${host} leads to an inner address`);
  }
}

const hostOf = (url: URL) => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

const isLoopbackName = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80');

/** The ports in all URLs and addresses of the configuration. */
function portsOf(config: object): Set<string> {
  const ports = new Set<string>();
  for (const [name, value] of Object.entries(config)) {
    if (/(^|_)PORT$/.test(name)) ports.add(String(value));
    for (const [, port] of String(value).matchAll(/:(\d{2,5})(?=[/,\s]|$)/g)) if (port) ports.add(port);
  }
  return ports;
}
