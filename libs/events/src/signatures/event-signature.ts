import { sign, verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import { serviceNames, type CloudEvent } from '@payer/smart';
import {
  localSigningKey,
  type ServicePublicKeys,
  type SigningKey,
  type VerificationKey,
} from './service-keys.js';
import { UntrustedEvent } from './untrusted-event.js';

/** Adds the attribute `signature` to an event, or replaces it. */
export type EventSigner = (event: CloudEvent) => CloudEvent;

/** Signs with the key of one service. */
export function serviceSigner(key: SigningKey): EventSigner {
  return (event) => ({ ...event, signature: signatureOf(event, key) });
}

/** Signs each event with the derived key of the service in its `source`. For local systems and tests. */
export const localSigner: EventSigner = (event) => {
  const service = serviceNames.find((name) => event.source === `/${name}`);
  if (!service) throw new Error(`no service is the source ${event.source}`);
  return serviceSigner(localSigningKey(service))(event);
};

/**
 * The key that signed an event, with its service.
 * @param event as received from the transport
 * @throws UntrustedEvent when the signature is missing, its key is unknown, or it does not match
 */
export function signerOf(event: unknown, keys: ServicePublicKeys): VerificationKey {
  const signature = (event as { signature?: unknown }).signature;
  if (typeof signature !== 'string') throw new UntrustedEvent('it is not signed');
  const [kid = '', value = ''] = signature.split('.', 2);
  const key = keys.get(kid);
  if (!key) throw new UntrustedEvent('it is signed with a key that SERVICE_PUBLIC_KEYS does not hold');
  const bytes = Buffer.from(value, 'base64url');
  if (!verify(null, signedBytes(event as object), key.publicKey, bytes))
    throw new UntrustedEvent(
      `its signature does not fit: it was changed after ${key.service} signed it, or forged`,
    );
  return key;
}

/** `kid`, a dot, and the Ed25519 signature (RFC 8032) as base64url. */
function signatureOf(event: object, { kid, privateKey }: SigningKey): string {
  return `${kid}.${sign(null, signedBytes(event), privateKey).toString('base64url')}`;
}

/**
 * The bytes that a signature covers: the whole event without its signature, as canonical JSON (RFC 8785).
 * Logs store events as values, not as text, so the order of members may change.
 */
function signedBytes(event: object): Buffer {
  const { signature: _, ...covered } = event as { signature?: unknown };
  try {
    return Buffer.from(canonicalize(covered) ?? '');
  } catch (error) {
    throw new UntrustedEvent(`it has no canonical form (RFC 8785): ${(error as Error).message}`);
  }
}
