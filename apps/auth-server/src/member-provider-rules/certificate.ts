import { X509Certificate } from 'node:crypto';
import { z } from 'zod';

/** Bits. NIST SP 800-131A allows no shorter RSA key for signatures. */
const shortestKey = 2048;

/** A certificate as PEM, or as the base64 text that SAML metadata holds. The output is PEM. */
export const certificateShape = z.string().transform((text, context) => {
  const fail = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const isPem = text.includes('-----BEGIN CERTIFICATE-----');
  const base64 = text.replace(/-----[A-Z ]+-----|\s+/g, '');
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(isPem ? text : Buffer.from(base64, 'base64'));
  } catch {
    return fail('must be an X.509 certificate, as PEM or base64');
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
  if (asymmetricKeyType !== 'rsa') return fail('must be the certificate of an RSA key');
  if ((asymmetricKeyDetails?.modulusLength ?? 0) < shortestKey)
    return fail(`must have a key of ${shortestKey} bits or more`);
  return certificate.toString().trimEnd();
});
