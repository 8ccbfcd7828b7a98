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

/** A key of ours and its certificate for our metadata. No message repeats the key. */
const ownKey = z.strictObject({
  key: z
    .string()
    .refine(
      (text) => privateKeyOf(text) !== undefined,
      'must be a private RSA key as PEM, without a passphrase',
    ),
  certificate: certificateShape,
});

function isPair({ key, certificate }: z.infer<typeof ownKey>): boolean {
  const known = privateKeyOf(key);
  return known === undefined || new X509Certificate(certificate).checkPrivateKey(known);
}
const noPair = 'must have the certificate of its key';

/** The key that signs our requests to a SAML provider. */
export const signingShape = ownKey.refine(isPair, noPair);

/** The key for which a SAML provider encrypts its assertions. */
export const decryptionShape = ownKey
  .extend({
    /** Whether an assertion in clear is refused. */
    required: z.boolean().default(false),
  })
  .refine(isPair, noPair);
