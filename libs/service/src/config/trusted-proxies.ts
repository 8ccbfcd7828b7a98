import { z } from 'zod';
import { listVariable } from './config.js';

/** The widest private ranges: 10.0.0.0/8, and fc00::/7. */
const leastPrefix = { v4: 8, v6: 7 };

/** With a wider range, clients choose the address under which limits and the audit trail know them. */
function isTooWide(proxy: string): boolean {
  const [address = '', prefix] = proxy.split('/');
  return prefix !== undefined && Number(prefix) < leastPrefix[address.includes(':') ? 'v6' : 'v4'];
}

export const trustedProxyVariables = {
  /**
   * Addresses (IP or CIDR) of the trusted load balancers. The service accepts `X-Forwarded-For` from them
   * only. Without them, the sign-in throttle sees one address for all clients behind a load balancer.
   */
  TRUSTED_PROXIES: listVariable('')
    .pipe(
      z.array(
        z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
          error: 'must be IP addresses or CIDR ranges, separated by commas, e.g. 10.0.0.0/8',
        }),
      ),
    )
    .refine(
      (proxies) => !proxies.some(isTooWide),
      `must not trust the internet: at least /${leastPrefix.v4} of IPv4, and /${leastPrefix.v6} of IPv6`,
    ),
};
