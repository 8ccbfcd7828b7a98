import { z } from 'zod';
import { localServiceKeys, transportVariables } from '@payer/events';
import { listVariable, requiredInProduction, secret } from './config.js';

/** Variables that every service has. */
export const commonVariables = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  /** Address to listen on; this machine's loopback unless set. Container images set 0.0.0.0. */
  HOST: z.string().default('127.0.0.1'),
  /**
   * A second port on which health, metrics and the routes for other services of the platform are; the public port then
   * has none of them. Left out, one port has all.
   */
  INTERNAL_PORT: requiredInProduction(z.coerce.number().int().min(0).max(65535).optional()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `all` writes a log line for each request, `failures` only for those answered with 500 and above. */
  REQUEST_LOG: z.enum(['all', 'failures']).default('all'),
  /**
   * Addresses (IP or CIDR) of the load balancers before the service, whose `X-Forwarded-For` is believed. Without them everybody behind a
   * load balancer is one address to the throttle of sign-in.
   */
  TRUSTED_PROXIES: listVariable('').pipe(
    z.array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: 'must be IP addresses or CIDR ranges, separated by commas, e.g. 10.0.0.0/8',
      }),
    ),
  ),
  /** Name of the health plan on every page. */
  PLAN_NAME: z.string().default('Example Health Plan'),
  /** Milliseconds between saying "not ready" and closing the door: as long as a load balancer takes to notice. */
  SHUTDOWN_DRAIN_MS: z.coerce.number().int().min(0).max(20_000).default(0),
  /** Milliseconds in which a request has to arrive whole; half-sent ones are then answered with 408 and their connection ends. */
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(1000).max(300_000).default(15_000),
  /**
   * Milliseconds for which a service uses another service's public keys before it fetches them again: a dropped key is refused
   * this soon. A replica reads its own keys four times as often.
   */
  SIGNING_KEYS_MAX_AGE_MS: z.coerce.number().int().min(100).max(20_000).default(20_000),
  /** Ed25519 private key of this service (PEM or JWK): signs its events and its calls to other services. */
  SERVICE_SIGNING_KEY: secret(localServiceKeys),
  /** JSON: name of each service to the list of its public keys (JWK). Whoever may set it decides who is believed. */
  SERVICE_PUBLIC_KEYS: secret(localServiceKeys),
  ...transportVariables,
};

export function portVariable(localDefault: number) {
  return z.coerce.number().int().min(0).max(65535).default(localDefault);
}
