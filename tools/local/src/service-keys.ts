import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newServiceKey, publicJwkOf } from '@payer/events/service-keys';
import { services, type ServiceName } from './services.js';

/** Key variables of a service's process: its own private key, and the public keys of all services. */
export interface ServiceKeyVariables extends Record<string, string> {
  SERVICE_SIGNING_KEY: string;
  SERVICE_PUBLIC_KEYS: string;
}

/** The keys of a local system: random, generated once, one file per service that only its owner may read. */
export function serviceKeysIn(directory: string): Record<ServiceName, ServiceKeyVariables> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pems = services.map(({ name }) => {
    const file = join(directory, `${name}.pem`);
    if (!existsSync(file)) writeFileSync(file, newServiceKey().pem, { mode: 0o600 });
    return [name, readFileSync(file, 'utf8')] as const;
  });
  const publicKeys = JSON.stringify(
    Object.fromEntries(pems.map(([name, pem]) => [name, [publicJwkOf(pem)]])),
  );
  const variables = pems.map(([name, SERVICE_SIGNING_KEY]) => [
    name,
    { SERVICE_SIGNING_KEY, SERVICE_PUBLIC_KEYS: publicKeys },
  ]);
  return Object.fromEntries(variables) as Record<ServiceName, ServiceKeyVariables>;
}
