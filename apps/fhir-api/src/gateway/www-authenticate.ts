import { dpopAlgorithms } from '@payer/service';

/** The challenge for a request without a token. No token was wrong, so it names no error (RFC 6750 §3.1). */
export const realmChallenge = (fhirBaseUrl: string): string => `Bearer realm="${fhirBaseUrl}"`;

/** The challenge of a bearer token with its error (RFC 6750 §3). Fields without a value are left out. */
export function bearerChallenge(
  error: 'invalid_token' | 'insufficient_scope',
  text: string,
  fields: { error_uri?: string; scope?: string } = {},
): string {
  // RFC 6750 §3: error_description contains no quotes, backslashes or non-ASCII characters.
  const description = text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?');
  const all = { error, error_description: description, ...fields };
  const sent = Object.entries(all).filter(([, value]) => value);
  return `Bearer ${sent.map(([name, value]) => `${name}="${value}"`).join(', ')}`;
}

/** The challenge of a token that is bound to a key (RFC 9449 §7.1). */
export function dpopChallenge(error: 'invalid_token' | 'invalid_dpop_proof', text: string): string {
  const description = text.replaceAll('"', "'");
  return `DPoP error="${error}", error_description="${description}", algs="${dpopAlgorithms.join(' ')}"`;
}
