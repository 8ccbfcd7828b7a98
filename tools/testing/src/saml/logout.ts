import { createSign, createVerify, randomUUID } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CertifiedKey } from './certificate.js';

/** The values of a LogoutRequest. Undefined leaves the attribute or element out. */
export interface LogoutFields {
  id: string;
  issuer: string | undefined;
  destination: string | undefined;
  issuedAt: Date;
  notOnOrAfter: Date | undefined;
  nameId: string | undefined;
  sessionIndexes: readonly string[];
}

/** The fields of an honest LogoutRequest. */
export const honestLogout = (issuer: string, destination: string, nameId: string): LogoutFields => ({
  id: `_${randomUUID()}`,
  issuer,
  destination,
  issuedAt: new Date(),
  notOnOrAfter: new Date(Date.now() + 5 * 60_000),
  nameId,
  sessionIndexes: [],
});

const attribute = (name: string, value: string | undefined) =>
  value === undefined ? '' : ` ${name}="${value}"`;
const namespaces =
  'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';
const issuerXml = (issuer: string | undefined) =>
  issuer === undefined ? '' : `<saml:Issuer>${issuer}</saml:Issuer>`;

export const logoutRequestXml = (fields: LogoutFields): string =>
  `<samlp:LogoutRequest ${namespaces} ID="${fields.id}" Version="2.0"` +
  ` IssueInstant="${fields.issuedAt.toISOString()}"` +
  attribute('Destination', fields.destination) +
  attribute('NotOnOrAfter', fields.notOnOrAfter?.toISOString()) +
  `>${issuerXml(fields.issuer)}` +
  (fields.nameId === undefined ? '' : `<saml:NameID>${fields.nameId}</saml:NameID>`) +
  fields.sessionIndexes.map((one) => `<samlp:SessionIndex>${one}</samlp:SessionIndex>`).join('') +
  '</samlp:LogoutRequest>';

export const logoutResponseXml = (given: { issuer: string; inResponseTo: string; status?: string }): string =>
  `<samlp:LogoutResponse ${namespaces} ID="_${randomUUID()}" Version="2.0" InResponseTo="${given.inResponseTo}"` +
  ` IssueInstant="${new Date().toISOString()}">${issuerXml(given.issuer)}<samlp:Status>` +
  `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${given.status ?? 'Success'}"/></samlp:Status>` +
  '</samlp:LogoutResponse>';

const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

/**
 * The query of a message by HTTP-Redirect, with its signature (SAML Bindings §3.4.4.1). A browser would
 * change an apostrophe.
 */
export function redirectQuery(
  name: 'SAMLRequest' | 'SAMLResponse',
  xml: string,
  key: CertifiedKey,
  { relayState, algorithm = rsaSha256 }: { relayState?: string; algorithm?: string } = {},
): string {
  const parts = [
    [name, deflateRawSync(xml).toString('base64')],
    ...(relayState === undefined ? [] : [['RelayState', relayState]]),
    ['SigAlg', algorithm],
  ].map(([one = '', value = '']) => `${one}=${encodeURIComponent(value).replaceAll("'", '%27')}`);
  const signed = parts.join('&');
  const hash = algorithm.endsWith('sha1') ? 'sha1' : 'sha256';
  const signature = createSign(hash).update(signed).sign(key.privateKey, 'base64');
  return `${signed}&Signature=${encodeURIComponent(signature)}`;
}

/**
 * Reads a message that was sent by HTTP-Redirect, as a provider does.
 * @throws Error when the signature does not cover the address as it was sent
 */
export function readSignedRedirect(address: string, certificate: string) {
  const query = address.slice(address.indexOf('?') + 1);
  const [signed = '', signature = ''] = query.split('&Signature=');
  if (!createVerify('sha256').update(signed).verify(certificate, decodeURIComponent(signature), 'base64'))
    throw new Error('the signature of the address is wrong');
  const parameters = new URLSearchParams(query);
  const message = parameters.get('SAMLRequest') ?? parameters.get('SAMLResponse') ?? '';
  const xml = inflateRawSync(Buffer.from(message, 'base64')).toString();
  return { xml, relayState: parameters.get('RelayState'), isRequest: parameters.has('SAMLRequest') };
}
