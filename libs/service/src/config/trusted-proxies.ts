import { z } from 'zod';
import { listVariable } from './config.js';

export const trustedProxyVariables = {
  /**
   * Addresses (IP or CIDR) of the trusted load balancers. The service accepts `X-Forwarded-For` from them
   * only. Without them, the sign-in throttle sees one address for all clients behind a load balancer.
   */
  TRUSTED_PROXIES: listVariable('').pipe(
    z.array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: 'must be IP addresses or CIDR ranges, separated by commas, e.g. 10.0.0.0/8',
      }),
    ),
  ),
};
