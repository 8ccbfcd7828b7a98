import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { serviceNames, type ServiceName } from '@payer/smart';
import { z } from 'zod';

/** The private key of one service, which signs its events and its calls. */
export interface SigningKey {
  service: ServiceName;
  /** RFC 7638 thumbprint of the public key. */
  kid: string;
  privateKey: KeyObject;
}

/** A public key of a service. A service has several during a rotation. */
export interface VerificationKey {
  service: ServiceName;
  kid: string;
  publicKey: KeyObject;
}

/** Public keys of all services by `kid`. */
export type ServicePublicKeys = ReadonlyMap<string, VerificationKey>;

/**
 * The two key variables of a service. Keys are derived when a variable is absent or has the local default.
 */
export interface ServiceKeyConfig {
  /** Ed25519 private key of this service: PKCS#8 PEM, or JWK (RFC 8037) as JSON. */
  SERVICE_SIGNING_KEY?: string;
  /** JSON object: each service name with the list of its public keys as JWK (RFC 8037). */
  SERVICE_PUBLIC_KEYS?: string;
}

/**
 * Selects keys derived from the name of the service. Anybody can derive them, so they are for local systems
 * only.
 */
export const localServiceKeys = 'local-only-service-keys';

/** DER of an Ed25519 private key (RFC 8410 §7), up to its 32 bytes. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

const publicJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.base64url().length(43) });
export type PublicJwk = z.infer<typeof publicJwk>;
const keySet = z.partialRecord(z.enum(serviceNames), z.array(publicJwk).min(1));

/**
 * The signing key of this service.
 * @throws Error when SERVICE_SIGNING_KEY is not an Ed25519 private key; the message never contains the value
 */
export function signingKeyOf(service: ServiceName, config: ServiceKeyConfig): SigningKey {
  const { SERVICE_SIGNING_KEY: text = localServiceKeys } = config;
  if (text === localServiceKeys) return localSigningKey(service);
  const privateKey = privateKeyFrom(text);
  return { service, kid: thumbprint(jwkOf(privateKey)), privateKey };
}

/**
 * The public keys of all services.
 * @throws Error when SERVICE_PUBLIC_KEYS is malformed, or when two services share a key
 */
export function publicKeysOf({
  SERVICE_PUBLIC_KEYS: text = localServiceKeys,
}: ServiceKeyConfig): ServicePublicKeys {
  if (text === localServiceKeys) return localPublicKeys();
  const keys = new Map<string, VerificationKey>();
  for (const [service, jwks] of Object.entries(keySetFrom(text)))
    for (const jwk of jwks) {
      const key = verificationKey(service as ServiceName, jwk);
      const other = keys.get(key.kid);
      if (other && other.service !== key.service)
        throw new Error(
          `SERVICE_PUBLIC_KEYS gives ${other.service} and ${service} the same key: each service needs its own`,
        );
      keys.set(key.kid, key);
    }
  return keys;
}

/**
 * The signing key of this service and the public keys of all services, for the start of a process.
 * @param isProduction whether derived keys are refused
 * @throws Error with the name of the wrong variable
 */
export function serviceKeys(
  service: ServiceName,
  config: ServiceKeyConfig,
  isProduction = false,
): { own: SigningKey; all: ServicePublicKeys } {
  const [own, all] = [signingKeyOf(service, config), publicKeysOf(config)];
  if (all.get(own.kid)?.service !== service)
    throw new Error(
      `SERVICE_PUBLIC_KEYS has no key of ${service} that fits its SERVICE_SIGNING_KEY (kid ${own.kid}): ` +
        'add it for every service first, then use the new private key',
    );
  const derived = isProduction && [...localPublicKeys().keys()].find((kid) => all.has(kid));
  if (derived)
    throw new Error(
      `SERVICE_PUBLIC_KEYS holds the local key ${derived}, which anybody can derive: remove it`,
    );
  return { own, all };
}

/** The derived key of a local system. */
export function localSigningKey(service: ServiceName): SigningKey {
  const known = localKeys.get(service);
  if (known) return known;
  const seed = createHash('sha256').update(`${localServiceKeys} ${service}`).digest();
  const der = Buffer.concat([pkcs8Head, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const key = { service, kid: thumbprint(jwkOf(privateKey)), privateKey };
  localKeys.set(service, key);
  return key;
}
const localKeys = new Map<ServiceName, SigningKey>();

function localPublicKeys(): ServicePublicKeys {
  return new Map(
    serviceNames.map((service) => {
      const { kid, privateKey } = localSigningKey(service);
      return [kid, { service, kid, publicKey: createPublicKey(privateKey) }];
    }),
  );
}

/** A new random key: the private part as PEM for its service, the public part for all services. */
export function newServiceKey(): { pem: string; jwk: PublicJwk } {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })), jwk: jwkOf(privateKey) };
}

/** The public part of a private key in PEM. */
export function publicJwkOf(pem: string): PublicJwk {
  return jwkOf(privateKeyFrom(pem));
}

function verificationKey(service: ServiceName, jwk: PublicJwk): VerificationKey {
  return { service, kid: thumbprint(jwk), publicKey: createPublicKey({ key: jwk, format: 'jwk' }) };
}

function privateKeyFrom(text: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text) as never, format: 'jwk' })
      : // Environment files hold line breaks as the two characters "\n".
        createPrivateKey(text.replaceAll('\\n', '\n'));
  } catch {
    // The parser's message may quote the key.
  }
  if (key?.asymmetricKeyType !== 'ed25519')
    throw new Error('SERVICE_SIGNING_KEY must be an Ed25519 private key: PKCS#8 PEM, or JWK as JSON');
  return key;
}

function keySetFrom(text: string): z.infer<typeof keySet> {
  const shape = 'must be JSON: service name to a list of Ed25519 public keys as JWK';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`SERVICE_PUBLIC_KEYS ${shape}; it is not JSON`);
  }
  const parsed = keySet.safeParse(value);
  if (!parsed.success) throw new Error(`SERVICE_PUBLIC_KEYS ${shape}: ${z.prettifyError(parsed.error)}`);
  const missing = serviceNames.filter((service) => parsed.data[service] === undefined);
  if (missing.length > 0) throw new Error(`SERVICE_PUBLIC_KEYS lacks ${missing.join(', ')}`);
  return parsed.data;
}

function jwkOf(key: KeyObject): PublicJwk {
  const { kty, crv, x } = createPublicKey(key as never).export({ format: 'jwk' });
  return publicJwk.parse({ kty, crv, x });
}

/** Thumbprint by RFC 7638 §3, over the members of RFC 8037 §2. */
function thumbprint({ crv, kty, x }: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}
