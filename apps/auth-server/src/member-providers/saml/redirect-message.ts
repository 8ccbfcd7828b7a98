import { inflateRawSync } from 'node:zlib';
import { allowedAlgorithms } from './saml-names.js';

/** Bytes of a message that are read at most. A sign-out has some hundreds. */
const maxBytes = 65_536;

/** A message of the binding HTTP-Redirect (SAML Bindings §3.4), not verified yet. */
export interface RedirectMessage {
  /** The parameters, as the library takes them. */
  container: Record<string, string>;
  /** The query as it was sent, which the signature covers. */
  query: string;
  xml: string;
  relayState: string | undefined;
}

const parameters = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg', 'Signature'];

/**
 * Reads a signed message from the query of a request. Each parameter may occur once, so that the text that
 * the signature covers is the text that is read. The library accepts a message without a signature; here it
 * is refused.
 * @throws Error that names the fault
 */
export function readRedirect(query: string): RedirectMessage {
  const container: Record<string, string> = {};
  for (const token of query.split('&')) {
    const mark = token.indexOf('=');
    const name = mark < 0 ? token : token.slice(0, mark);
    if (!parameters.includes(name)) throw new Error('the message has a foreign parameter');
    if (Object.hasOwn(container, name)) throw new Error('the message has a parameter twice');
    container[name] = decodeURIComponent(token.slice(mark + 1));
  }
  const { SAMLRequest, SAMLResponse, RelayState, SigAlg, Signature } = container;
  const message = SAMLRequest ?? SAMLResponse;
  if (!message || (SAMLRequest && SAMLResponse)) throw new Error('the query has not one message');
  if (!Signature || !SigAlg) throw new Error('the message is not signed');
  if (!allowedAlgorithms.SignatureMethod!.includes(SigAlg)) throw new Error('the algorithm is not allowed');
  const xml = inflateRawSync(Buffer.from(message, 'base64'), { maxOutputLength: maxBytes }).toString('utf8');
  return { container, query, xml, relayState: RelayState };
}
