import { z } from 'zod';
import { localServiceKeys, transportVariables } from '@payer/events';
import { brandVariables } from './brand.js';
import { requiredInProduction, secret } from './config.js';
import { trustedProxyVariables } from './trusted-proxies.js';

/** Variables of every service. */
export const commonVariables = {
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  /** Address to listen on. Default: this machine's loopback. Container images set 0.0.0.0. */
  HOST: z.string().default('127.0.0.1'),
  /**
   * A second port for health, metrics and the routes of other services, which are then missing on the public
   * port. When absent, one port serves all routes.
   */
  INTERNAL_PORT: requiredInProduction(z.coerce.number().int().min(0).max(65535).optional()),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** `all` logs each request, `failures` only requests answered with 500 and above. */
  REQUEST_LOG: z.enum(['all', 'failures']).default('all'),
  ...trustedProxyVariables,
  ...brandVariables,
  /**
   * Milliseconds between reporting "not ready" and closing the port: the time that a load balancer needs to
   * react.
   */
  SHUTDOWN_DRAIN_MS: z.coerce.number().int().min(0).max(20_000).default(0),
  /**
   * Milliseconds in which a request must arrive completely. A late request is answered with 408 and its
   * connection is closed.
   */
  REQUEST_TIMEOUT_MS: z.coerce.number().int().min(1000).max(300_000).default(15_000),
  /**
   * Milliseconds for which a service uses another service's public keys before fetching them again; a dropped
   * key is refused after this time. A replica reads its own keys four times as often.
   */
  SIGNING_KEYS_MAX_AGE_MS: z.coerce.number().int().min(100).max(20_000).default(20_000),
  /** Ed25519 private key of this service (PEM or JWK): signs its events and its calls to other services. */
  SERVICE_SIGNING_KEY: secret(localServiceKeys),
  /**
   * JSON: each service name with the list of its public keys (JWK). A person who can set this variable
   * decides which services are trusted.
   */
  SERVICE_PUBLIC_KEYS: secret(localServiceKeys),
  ...transportVariables,
};

/**
 * Whether URLs that developers choose may lead to this machine. Unset means allowed, and refused with
 * `NODE_ENV=production`. The ports of the platform are refused always.
 */
export const loopbackVariable = z.enum(['allowed', 'refused']).optional();

export function portVariable(localDefault: number) {
  return z.coerce.number().int().min(0).max(65535).default(localDefault);
}
