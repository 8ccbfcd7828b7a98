import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { certificateShape } from './certificate.js';

/** A private RSA key as PEM, or undefined for any other text. */
function privateKeyOf(text: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(text);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** No message repeats the key. */
const privateKeyShape = z
  .string()
  .refine(
    (text) => privateKeyOf(text) !== undefined,
    'must be a private RSA key as PEM, without a passphrase',
  );

/** The key for which a SAML provider encrypts its assertions, and its certificate for our metadata. */
export const decryptionShape = z
  .strictObject({
    key: privateKeyShape,
    certificate: certificateShape,
    /** Whether an assertion in clear is refused. */
    required: z.boolean().default(false),
  })
  .refine(({ key, certificate }) => {
    const known = privateKeyOf(key);
    return known === undefined || new X509Certificate(certificate).checkPrivateKey(known);
  }, 'must have the certificate of its key');
