import { createPrivateKey } from 'node:crypto';
import { serviceNames, type ServiceName } from '@payer/smart';
import { newServiceKey, publicKeysOf, type PublicJwk } from './service-keys.js';

const usage = `Keys with which services sign their events and their calls to each other.

  service-keys new            a key for every service, for a new system
  service-keys add SERVICE    one more key for a service, to replace its key: reads SERVICE_PUBLIC_KEYS

Prints variables, one a line, as an .env file takes them. A private key belongs to its service alone.
Give SERVICE_PUBLIC_KEYS to every service first, and the new private key to its service after that.
`;

const variable = (name: string, value: unknown) =>
  process.stdout.write(`${name}='${typeof value === 'string' ? value : JSON.stringify(value)}'\n`);
const nameOf = (service: ServiceName) => `${service.toUpperCase().replace('-', '_')}_SIGNING_KEY`;

/** Prints the private key as JWK on one line, and returns the public key. */
function makeKey(service: ServiceName): PublicJwk {
  const { pem, jwk } = newServiceKey();
  variable(nameOf(service), createPrivateKey(pem).export({ format: 'jwk' }));
  return jwk;
}

const [command, service, ...more] = process.argv.slice(2);
const isService = (name: string | undefined): name is ServiceName =>
  (serviceNames as readonly (string | undefined)[]).includes(name);

if (command === 'new' && service === undefined) {
  variable('SERVICE_PUBLIC_KEYS', Object.fromEntries(serviceNames.map((name) => [name, [makeKey(name)]])));
} else if (command === 'add' && isService(service) && more.length === 0) {
  const text = process.env.SERVICE_PUBLIC_KEYS;
  try {
    if (!text) throw new Error('SERVICE_PUBLIC_KEYS is not set: set it to what the services have now');
    publicKeysOf({ SERVICE_PUBLIC_KEYS: text });
    const keys = JSON.parse(text) as Record<ServiceName, PublicJwk[]>;
    variable('SERVICE_PUBLIC_KEYS', { ...keys, [service]: [...keys[service], makeKey(service)] });
  } catch (error) {
    process.stderr.write(`service-keys: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
} else {
  const isHelp = command === '--help' || command === '-h';
  process[isHelp ? 'stdout' : 'stderr'].write(usage);
  process.exitCode = isHelp ? 0 : 2;
}
